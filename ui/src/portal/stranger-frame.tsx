import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { AppearanceButtons } from "@/features/appearance-menu";
import { Mark } from "@/kit/mark";

/** Stands around the pages of whoever is not signed in. */
export function StrangerFrame() {
  const { t } = useTranslation();
  return (
    <div className="grid min-h-dvh grid-rows-[auto_minmax(0,1fr)]">
      <header className="flex h-14 items-center justify-between px-4 sm:px-6">
        <span className="flex items-center gap-2.5 font-semibold">
          <Mark size={26} />
          {t("product")}
        </span>
        <AppearanceButtons />
      </header>
      <main className="mx-auto w-full max-w-[26rem] px-4 pt-[min(8vh,5rem)] pb-16">
        <Outlet />
      </main>
    </div>
  );
}
