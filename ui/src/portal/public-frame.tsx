import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { AppearanceButtons } from "@/features/appearance-menu";
import { useSiteName } from "@/features/site";
import { wasSignedIn } from "@/features/visitor";
import { buttonLook } from "@/kit/button";
import { Mark } from "@/kit/mark";

import { paths } from "./paths";

const LINK = "rounded-control px-2.5 py-2 text-muted hover:bg-hover hover:text-ink aria-[current=page]:font-medium aria-[current=page]:text-accent";

/** Stands around what everybody may read. */
export function PublicFrame() {
  const { t } = useTranslation("places");
  const name = useSiteName();
  const isKnown = wasSignedIn();
  return (
    <div className="min-h-dvh">
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:start-3 focus:top-3 focus:z-50 focus:rounded-control focus:bg-surface focus:px-3 focus:py-2">
        {t("frame.skip", { ns: "shared" })}
      </a>
      <header className="sticky top-0 z-30 border-b border-line bg-surface">
        <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-4 px-4 py-2 sm:px-6 md:px-8">
          <Link to={paths.home} className="flex h-10 min-w-0 flex-1 items-center gap-2.5 rounded-control font-semibold sm:flex-none">
            <Mark size={26} />
            <span className="truncate">{name}</span>
          </Link>
          <nav aria-label={t("site")} className="order-last -mx-2.5 flex w-full sm:order-none sm:mx-0 sm:w-auto sm:flex-1">
            <Link to={paths.publicModels} className={LINK}>
              {t("models")}
            </Link>
            <Link to={paths.publicDocs} className={LINK}>
              {t("docs")}
            </Link>
          </nav>
          <div className="flex items-center gap-1">
            <AppearanceButtons />
            <Link to={isKnown ? paths.overview : paths.signIn} className={buttonLook({ size: "medium" })}>
              {isKnown ? t("overview") : t("signIn")}
            </Link>
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-6xl min-w-0 px-4 pt-6 pb-16 outline-none sm:px-6 md:px-8 md:pt-10">
        <Outlet />
      </main>
    </div>
  );
}
