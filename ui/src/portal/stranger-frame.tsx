import { Outlet } from "@tanstack/react-router";

import { AppearanceButtons } from "@/features/appearance-menu";
import { useSiteName } from "@/features/site";
import { Mark } from "@/kit/mark";

/** Stands around the pages of whoever is not signed in. */
export function StrangerFrame() {
  const name = useSiteName();
  return (
    <div className="grid min-h-dvh grid-rows-[auto_minmax(0,1fr)]">
      <header className="flex h-14 items-center justify-between px-4 sm:px-6">
        <span className="flex min-w-0 items-center gap-2.5 font-semibold">
          <Mark size={26} />
          <bdi className="truncate">{name}</bdi>
        </span>
        <AppearanceButtons />
      </header>
      <main className="mx-auto w-full max-w-[26rem] px-4 pt-[min(8vh,5rem)] pb-16">
        <Outlet />
      </main>
    </div>
  );
}
