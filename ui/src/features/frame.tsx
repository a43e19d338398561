import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { ChevronsUpDown, Ellipsis, LogOut } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Me } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { Avatar } from "@/kit/avatar";
import { Mark } from "@/kit/mark";
import { Menu, MenuItem, MenuSeparator } from "@/kit/menu";
import { useToast } from "@/kit/toast";

import { LanguageChoice, ThemeChoice } from "./appearance-menu";
import { useProblemWords } from "./problem-alert";
import { useSignOut } from "./session";
import { useSiteName } from "./site";

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
  me: Me;
  /** What this part of the product is called, beside its name. */
  part?: string;
  places: Place[];
  /** What the bar below calls the rest, where there are more places than it has room for. */
  more?: string;
  /** A way to the other part, for whoever may go there. */
  elsewhere?: { href: string; label: string; icon: ReactNode } | undefined;
  /** Stands above the places, such as a search over all of them. */
  above?: ReactNode;
  /** The same for narrow screens, where there is room for a sign only. */
  aboveCompact?: ReactNode;
};

const BAR_PLACES = 5;
const BAR_PLACE = "grid min-w-0 flex-1 justify-items-center gap-0.5 px-0.5 py-2 text-xs text-muted -outline-offset-2 aria-[current=page]:text-accent max-[22.5rem]:text-[0.6875rem]";

/** What stands around every page: where one is, where one can go, and who one is. */
export function Frame({ me, part, places, more, elsewhere, above, aboveCompact }: FrameProps) {
  const { t } = useTranslation();
  const name = useSiteName();
  const inBar = places.length > BAR_PLACES ? places.filter((place) => place.inBar === true).slice(0, BAR_PLACES - 1) : places;
  const rest = places.filter((place) => !inBar.includes(place));
  const brand = (
    <span className="flex min-w-0 items-center gap-2.5 font-semibold">
      <Mark size={26} />
      <bdi className="truncate">{name}</bdi>
      {part !== undefined && <span className="truncate font-normal text-muted">{part}</span>}
    </span>
  );
  return (
    <div className="md:grid md:min-h-dvh md:grid-cols-[15rem_minmax(0,1fr)]">
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:start-3 focus:top-3 focus:z-50 focus:rounded-control focus:bg-surface focus:px-3 focus:py-2">
        {t("frame.skip")}
      </a>
      <header className="sticky top-0 z-30 flex h-14 items-center justify-between gap-3 border-b border-line bg-surface px-4 md:hidden">
        {brand}
        <span className="flex shrink-0 items-center gap-1.5">
          {aboveCompact}
          <PersonMenu me={me} elsewhere={elsewhere} compact />
        </span>
      </header>
      <aside className="sticky top-0 hidden h-dvh flex-col border-e border-line bg-surface md:flex">
        <div className="flex h-14 items-center px-4">{brand}</div>
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
        <div className="mt-auto grid gap-1 border-t border-line p-2">
          {elsewhere !== undefined && (
            <a href={elsewhere.href} className="flex h-9 items-center gap-2.5 rounded-control px-2.5 text-muted hover:bg-hover hover:text-ink">
              {elsewhere.icon}
              {elsewhere.label}
            </a>
          )}
          <PersonMenu me={me} elsewhere={undefined} />
        </div>
      </aside>
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-7xl min-w-0 px-4 pt-6 pb-28 outline-none sm:px-6 md:px-8 md:pt-8 md:pb-16">
        <Outlet />
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

function PersonMenu({ me, elsewhere, compact = false }: { me: Me; elsewhere: FrameProps["elsewhere"]; compact?: boolean }) {
  const { t } = useTranslation();
  const toast = useToast();
  const say = useProblemWords();
  const signOut = useSignOut();
  const leave = () => signOut().catch((thrown: unknown) => toast({ tone: "danger", text: say(toProblem(thrown)) }));
  const trigger = compact ? (
    <button type="button" aria-label={t("frame.account")} className="rounded-full p-1">
      <Avatar name={me.display_name} />
    </button>
  ) : (
    <button type="button" className="flex w-full items-center gap-2.5 rounded-control p-2 text-start hover:bg-hover data-[state=open]:bg-hover">
      <Avatar name={me.display_name} size="small" />
      <span className="grid min-w-0 flex-1">
        <span className="truncate font-medium">{me.display_name}</span>
        <span className="truncate text-xs text-muted">{me.email}</span>
      </span>
      <ChevronsUpDown size={16} aria-hidden="true" className="shrink-0 text-muted" />
    </button>
  );
  return (
    <Menu trigger={trigger} align={compact ? "end" : "start"}>
      {compact && (
        <>
          <div className="grid px-2.5 py-1.5">
            <span className="truncate font-medium">{me.display_name}</span>
            <span className="truncate text-xs text-muted">{me.email}</span>
          </div>
          <MenuSeparator />
        </>
      )}
      {elsewhere !== undefined && (
        <>
          <MenuItem icon={elsewhere.icon} onSelect={() => location.assign(elsewhere.href)}>
            {elsewhere.label}
          </MenuItem>
          <MenuSeparator />
        </>
      )}
      <LanguageChoice />
      <MenuSeparator />
      <ThemeChoice />
      <MenuSeparator />
      <MenuItem icon={<LogOut size={16} />} onSelect={() => void leave()}>
        {t("frame.signOut")}
      </MenuItem>
    </Menu>
  );
}
