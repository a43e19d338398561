import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { FailurePage, LostPage } from "@/features/failure-page";
import { PagePending } from "@/features/first-paint";
import { oneOf, parseSearch, stringifySearch, text } from "@/features/plain-search";
import { ROLES } from "@/features/roles";

import { paths } from "./paths";

const root = createRootRoute({
  errorComponent: ({ error }) => <FailurePage error={error} />,
  notFoundComponent: () => <LostPage home={paths.people} />,
});
const frame = createRoute({
  getParentRoute: () => root,
  path: "/console",
  component: lazyRouteComponent(() => import("./console-frame"), "ConsoleFrame"),
});
const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: paths.people });
  },
});
const channels = createRoute({
  getParentRoute: () => frame,
  path: "channels",
  validateSearch: (search) => ({ after: text(search.after) }),
  component: lazyRouteComponent(() => import("./channels/channels-page"), "ChannelsPage"),
});
const channel = createRoute({
  getParentRoute: () => frame,
  path: "channels/$id",
  component: lazyRouteComponent(() => import("./channels/channel-page"), "ChannelPage"),
});
const people = createRoute({
  getParentRoute: () => frame,
  path: "people",
  validateSearch: (search) => ({
    q: text(search.q),
    role: oneOf(ROLES, search.role),
    status: oneOf(["active", "disabled"] as const, search.status),
    after: text(search.after),
  }),
  component: lazyRouteComponent(() => import("./people/people-page"), "PeoplePage"),
});
const person = createRoute({
  getParentRoute: () => frame,
  path: "people/$id",
  component: lazyRouteComponent(() => import("./people/person-page"), "PersonPage"),
});
const invitations = createRoute({
  getParentRoute: () => frame,
  path: "invitations",
  validateSearch: (search) => ({ after: text(search.after) }),
  component: lazyRouteComponent(() => import("./invitations-page"), "InvitationsPage"),
});
const auditLog = createRoute({
  getParentRoute: () => frame,
  path: "audit-log",
  validateSearch: (search) => ({
    actor: text(search.actor),
    action: text(search.action),
    target: text(search.target),
    start_date: text(search.start_date),
    end_date: text(search.end_date),
    after: text(search.after),
  }),
  component: lazyRouteComponent(() => import("./audit-log-page"), "AuditLogPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([frame.addChildren([home, channels, channel, people, person, invitations, auditLog])]),
  parseSearch,
  stringifySearch,
  defaultPendingComponent: PagePending,
  defaultPreload: "intent",
});
