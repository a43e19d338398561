import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";

import { FailurePage, LostPage, PartFailure } from "@/features/failure-page";
import { PagePending } from "@/features/first-paint";
import { lazyPage, PageMissing } from "@/features/lazy-page";
import { oneOf, parseSearch, stringifySearch, text } from "@/features/plain-search";
import { readRangeSearch } from "@/features/range";
import { ROLES } from "@/features/roles";

import { paths } from "./paths";
import { readRequestSearch } from "./requests/request-search";

const root = createRootRoute({
  errorComponent: ({ error, reset }) => <FailurePage error={error} {...(error instanceof PageMissing ? { onRetry: reset } : {})} />,
  notFoundComponent: () => <LostPage home={paths.overview} />,
});
const frame = createRoute({
  getParentRoute: () => root,
  path: "/console",
  component: lazyPage(() => import("./console-frame"), "ConsoleFrame"),
});
const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  component: lazyPage(() => import("./overview/home-page"), "HomePage"),
});
const revenue = createRoute({
  getParentRoute: () => frame,
  path: "revenue",
  validateSearch: (search) => ({ ...readRangeSearch(search), by: oneOf(["month"] as const, search.by) }),
  component: lazyPage(() => import("./revenue/revenue-page"), "RevenuePage"),
});
const billing = createRoute({
  getParentRoute: () => frame,
  path: "billing",
  validateSearch: readRangeSearch,
  component: lazyPage(() => import("./revenue/billing-page"), "BillingPage"),
});
const channels = createRoute({
  getParentRoute: () => frame,
  path: "channels",
  validateSearch: (search) => ({ q: text(search.q), after: text(search.after) }),
  component: lazyPage(() => import("./channels/channels-page"), "ChannelsPage"),
});
const channel = createRoute({
  getParentRoute: () => frame,
  path: "channels/$id",
  component: lazyPage(() => import("./channels/channel-page"), "ChannelPage"),
});
const models = createRoute({
  getParentRoute: () => frame,
  path: "models",
  validateSearch: (search) => ({ q: text(search.q), tab: oneOf(["price", "history"] as const, search.tab), unpriced: text(search.unpriced), after: text(search.after) }),
  component: lazyPage(() => import("./models/models-page"), "ModelsPage"),
});
const model = createRoute({
  getParentRoute: () => models,
  path: "$id",
  component: lazyPage(() => import("./models/model-sheet"), "ModelSheet"),
});
const modelGroups = createRoute({
  getParentRoute: () => frame,
  path: "model-groups",
  validateSearch: (search) => ({ after: text(search.after) }),
  component: lazyPage(() => import("./models/groups-page"), "ModelGroupsPage"),
});
const requests = createRoute({
  getParentRoute: () => frame,
  path: "requests",
  validateSearch: readRequestSearch,
  component: lazyPage(() => import("./requests/requests-page"), "RequestsPage"),
});
const request = createRoute({
  getParentRoute: () => requests,
  path: "$id",
  component: lazyPage(() => import("./requests/request-sheet"), "RequestSheet"),
});
const errors = createRoute({
  getParentRoute: () => frame,
  path: "errors",
  validateSearch: (search) => ({ ...readRangeSearch(search), model: text(search.model), channel: text(search.channel), code: text(search.code) }),
  component: lazyPage(() => import("./requests/errors-page"), "ErrorsPage"),
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
  component: lazyPage(() => import("./people/people-page"), "PeoplePage"),
});
const person = createRoute({
  getParentRoute: () => frame,
  path: "people/$id",
  component: lazyPage(() => import("./people/person-page"), "PersonPage"),
});
const invitations = createRoute({
  getParentRoute: () => frame,
  path: "invitations",
  validateSearch: (search) => ({ after: text(search.after) }),
  component: lazyPage(() => import("./invitations-page"), "InvitationsPage"),
});
const notices = createRoute({
  getParentRoute: () => frame,
  path: "notices",
  validateSearch: (search) => ({ after: text(search.after) }),
  component: lazyPage(() => import("./settings/notices-page"), "NoticesPage"),
});
const settings = createRoute({
  getParentRoute: () => frame,
  path: "settings",
  component: lazyPage(() => import("./settings/settings-page"), "SettingsPage"),
});
const roles = createRoute({
  getParentRoute: () => frame,
  path: "roles",
  component: lazyPage(() => import("./people/roles-page"), "RolesPage"),
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
  component: lazyPage(() => import("./audit-log-page"), "AuditLogPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([frame.addChildren([home, revenue, billing, channels, channel, models.addChildren([model]), modelGroups, requests.addChildren([request]), errors, people, person, invitations, notices, settings, roles, auditLog])]),
  parseSearch,
  stringifySearch,
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PartFailure,
  defaultPreload: "intent",
});
