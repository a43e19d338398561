import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";

import { FailurePage, LostPage, PartFailure } from "@/features/failure-page";
import { PagePending } from "@/features/first-paint";
import { lazyPage, PageMissing } from "@/features/lazy-page";
import { parseSearch, stringifySearch } from "@/features/plain-search";

import { paths } from "./paths";
import { createScreens } from "./routes";

const root = createRootRoute({
  errorComponent: ({ error, reset }) => <FailurePage error={error} {...(error instanceof PageMissing ? { onRetry: reset } : {})} />,
  notFoundComponent: () => <LostPage home={paths.overview} />,
});
const frame = createRoute({
  getParentRoute: () => root,
  path: "/console",
  component: lazyPage(() => import("./console-frame"), "ConsoleFrame"),
});
export const router = createRouter({
  routeTree: root.addChildren([frame.addChildren(createScreens(frame))]),
  parseSearch,
  stringifySearch,
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PartFailure,
  defaultPreload: "intent",
});
