import { createRootRoute, createRoute, createRouter, type RouterHistory } from "@tanstack/react-router";

import { createScreens } from "@/console/routes";
import { FailurePage, LostPage, PartFailure } from "@/features/failure-page";
import { PagePending } from "@/features/first-paint";
import { lazyPage, PageMissing } from "@/features/lazy-page";
import { parseSearch, stringifySearch } from "@/features/plain-search";

import { readChartSearch } from "./charts/chart-search";
import { DesktopFrame } from "./frame/desktop-frame";
import { paths } from "./paths";
import type { Reason } from "./rooms";
import { SiteRoom } from "./site-room";

/** The panel's addresses: its own pages, and below `/console` the screens of the site that is worked with. */
export function createDesktopRouter(history: RouterHistory) {
  const root = createRootRoute({
    component: DesktopFrame,
    errorComponent: ({ error, reset }) => <FailurePage error={error} {...(error instanceof PageMissing ? { onRetry: reset } : {})} />,
    notFoundComponent: () => <LostPage home={paths.overview} />,
  });
  const own = [
    createRoute({ getParentRoute: () => root, path: paths.overview, component: lazyPage(() => import("./pages/overview-page"), "OverviewPage") }),
    createRoute({ getParentRoute: () => root, path: paths.connections, component: lazyPage(() => import("./pages/connections-page"), "ConnectionsPage") }),
    createRoute({ getParentRoute: () => root, path: paths.localServer, component: lazyPage(() => import("./pages/local-server-page"), "LocalServerPage") }),
    createRoute({ getParentRoute: () => root, path: paths.app, component: lazyPage(() => import("./pages/app-page"), "AppPage") }),
  ];
  const site = createRoute({ getParentRoute: () => root, path: paths.site, component: SiteRoom });
  const charts = createRoute({
    getParentRoute: () => site,
    path: "charts",
    validateSearch: readChartSearch,
    component: lazyPage(() => import("./pages/charts-page"), "ChartsPage"),
  });
  return createRouter({
    routeTree: root.addChildren([...own, site.addChildren([...createScreens(site), charts])]),
    history,
    parseSearch,
    stringifySearch,
    defaultPendingComponent: PagePending,
    defaultErrorComponent: PartFailure,
    defaultPreload: "intent",
  });
}

/**
 * The address to leave for before another site is shown. What is below the first part of a screen's address, and what
 * is asked for there, names things of the site that is left.
 */
export function addressElsewhere(pathname: string, reason: Reason): string | null {
  const screen = /^\/console(?:\/[^/]+)?/.exec(pathname)?.[0];
  if (screen !== undefined) return reason === "there" ? null : screen;
  if (reason === "chosen" || reason === "there") return paths.site;
  // Of the panel's own pages the overview is where one goes to a site from; in the others something is being done.
  return reason === "told" && pathname === paths.overview ? paths.site : null;
}
