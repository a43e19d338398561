import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { Fragment, type MouseEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { classes } from "@/kit/classes";
import { Menu, MenuItem, MenuSeparator } from "@/kit/menu";

export type Place = {
  to: string;
  label: string;
  icon: ReactNode;
  exact?: boolean;
  /** The heading below which it stands beside the page, with all that follow until the next heading. */
  heading?: string;
  /** Whether it has a place of its own in the bar below, where not all have. */
  inBar?: boolean;
};

type FrameProps = {
  /** What all of it is about, above the places; on narrow screens above the page. */
  head: ReactNode;
  /** Beside that on narrow screens. */
  headAside: ReactNode;
  places: Place[];
  /** What the bar below calls the rest, where there are more places than it has room for. */
  more?: string | undefined;
  /** Stands between the head and the places, such as a search over all of them. */
  above?: ReactNode;
  /** Below the places. */
  foot: ReactNode;
  /** Stays above everything and is one line of 36 px. */
  bar?: ReactNode;
  /** The page, where it is not the one of the address. */
  children?: ReactNode;
};

const BAR_PLACES = 5;
const BAR_PLACE = "grid min-w-0 flex-1 justify-items-center gap-0.5 px-0.5 py-2 text-xs text-muted -outline-offset-2 aria-[current=page]:text-accent max-[22.5rem]:text-[0.6875rem]";

/** What stands around every page: where one is and where one can go. */
export function Frame({ head, headAside, places, more, above, foot, bar, children = <Outlet /> }: FrameProps) {
  const { t } = useTranslation();
  const inBar = places.length > BAR_PLACES ? places.filter((place) => place.inBar === true).slice(0, BAR_PLACES - 1) : places;
  const rest = places.filter((place) => !inBar.includes(place));
  return (
    <div className={classes("md:grid md:min-h-dvh md:grid-cols-[15rem_minmax(0,1fr)] md:grid-rows-[auto_minmax(0,1fr)]", bar === undefined ? "[--frame-top:0rem]" : "[--frame-top:2.25rem]")}>
      <a href="#content" onClick={skipToContent} className="sr-only focus:not-sr-only focus:fixed focus:start-3 focus:top-3 focus:z-50 focus:rounded-control focus:bg-surface focus:px-3 focus:py-2">
        {t("frame.skip")}
      </a>
      {bar !== undefined && <div className="sticky top-0 z-30 h-9 md:col-span-2">{bar}</div>}
      <header className="sticky top-(--frame-top) z-30 flex h-14 items-center justify-between gap-3 border-b border-line bg-surface px-4 md:hidden">
        {head}
        <span className="flex shrink-0 items-center gap-1.5">{headAside}</span>
      </header>
      <aside className="sticky top-(--frame-top) hidden h-[calc(100dvh-var(--frame-top))] flex-col border-e border-line bg-surface md:row-start-2 md:flex">
        <div className="flex min-h-14 shrink-0 items-center px-4 py-1">{head}</div>
        {above !== undefined && <div className="px-2 pb-1">{above}</div>}
        <nav aria-label={t("frame.navigation")} className="grid gap-px overflow-y-auto p-2">
          {places.map((place) => (
            <Fragment key={place.to}>
              {place.heading !== undefined && <p className="px-2.5 pt-3 pb-1 text-xs text-muted">{place.heading}</p>}
              <Link
                to={place.to}
                activeOptions={{ exact: place.exact ?? false, includeSearch: false }}
                className="flex h-8 items-center gap-2.5 rounded-control px-2.5 text-muted hover:bg-hover hover:text-ink pointer-coarse:h-11 aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent"
              >
                {place.icon}
                <span className="truncate">{place.label}</span>
              </Link>
            </Fragment>
          ))}
        </nav>
        <div className="mt-auto grid gap-1 border-t border-line p-2">{foot}</div>
      </aside>
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-7xl min-w-0 px-4 pt-6 pb-28 outline-none sm:px-6 md:row-start-2 md:px-8 md:pt-8 md:pb-16">
        {children}
      </main>
      <nav
        aria-label={t("frame.navigation")}
        className="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
      >
        {inBar.map((place) => (
          <Link key={place.to} to={place.to} activeOptions={{ exact: place.exact ?? false, includeSearch: false }} className={BAR_PLACE}>
            {place.icon}
            <span className="max-w-full truncate">{place.label}</span>
          </Link>
        ))}
        {rest.length > 0 && more !== undefined && <MorePlaces label={more} places={rest} />}
      </nav>
    </div>
  );
}

/** The address stays as it is: where it is kept behind a number sign, the link's own would lead elsewhere. */
function skipToContent(event: MouseEvent) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** The places that the bar below has no room for. */
function MorePlaces({ label, places }: { label: string; places: Place[] }) {
  const navigate = useNavigate();
  const here = useRouterState({ select: (state) => state.location.pathname });
  const isHere = places.some(({ to }) => here === to || here.startsWith(`${to}/`));
  const trigger = (
    <button type="button" aria-current={isHere ? "page" : undefined} className={BAR_PLACE}>
      <Ellipsis size={18} aria-hidden="true" />
      <span className="max-w-full truncate">{label}</span>
    </button>
  );
  return (
    <Menu trigger={trigger}>
      {places.map((place, at) => (
        <Fragment key={place.to}>
          {place.heading !== undefined && at > 0 && <MenuSeparator />}
          <MenuItem icon={place.icon} onSelect={() => void navigate({ to: place.to })}>
            {place.label}
          </MenuItem>
        </Fragment>
      ))}
    </Menu>
  );
}
