import { lazyRouteComponent } from "@tanstack/react-router";

/** The code of a page did not come: the connection is lost, or a newer server has other files. */
export class PageMissing extends Error {
  override readonly name = "PageMissing";

  constructor(
    /** Fetches it again, so that the page can be shown. */
    readonly again: () => Promise<unknown>,
    options: ErrorOptions,
  ) {
    super("The code of a page could not be fetched.", options);
  }
}

/**
 * A page whose code is fetched when it is wanted. Left to itself the router would load the whole page anew when that
 * fails, which without a connection leaves nothing at all.
 */
export function lazyPage<Module extends Record<string, unknown>, Name extends keyof Module & string>(load: () => Promise<Module>, name: Name) {
  const page = lazyRouteComponent(
    () =>
      load().catch((cause: unknown) => {
        throw new PageMissing(async () => {
          await load();
          await page.preload?.();
        }, { cause });
      }),
    name,
  );
  return page;
}
