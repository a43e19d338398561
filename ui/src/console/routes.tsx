import { createRoute, type AnyRoute } from "@tanstack/react-router";

import { lazyPage } from "@/features/lazy-page";
import { oneOf, text } from "@/features/plain-search";
import { readRangeSearch } from "@/features/range";
import { ROLES } from "@/features/roles";

import { readRequestSearch } from "./requests/request-search";

/** Every screen of the console, below `/console`: for its own page, and for the desktop panel. */
export function createScreens(parent: AnyRoute): AnyRoute[] {
  const home = createRoute({
    getParentRoute: () => parent,
    path: "/",
    component: lazyPage(() => import("./overview/home-page"), "HomePage"),
  });
  const revenue = createRoute({
    getParentRoute: () => parent,
    path: "revenue",
    validateSearch: (search) => ({ ...readRangeSearch(search), by: oneOf(["month"] as const, search.by) }),
    component: lazyPage(() => import("./revenue/revenue-page"), "RevenuePage"),
  });
  const billing = createRoute({
    getParentRoute: () => parent,
    path: "billing",
    validateSearch: readRangeSearch,
    component: lazyPage(() => import("./revenue/billing-page"), "BillingPage"),
  });
  const channels = createRoute({
    getParentRoute: () => parent,
    path: "channels",
    validateSearch: (search) => ({ q: text(search.q), after: text(search.after) }),
    component: lazyPage(() => import("./channels/channels-page"), "ChannelsPage"),
  });
  const channel = createRoute({
    getParentRoute: () => parent,
    path: "channels/$id",
    component: lazyPage(() => import("./channels/channel-page"), "ChannelPage"),
  });
  const models = createRoute({
    getParentRoute: () => parent,
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
    getParentRoute: () => parent,
    path: "model-groups",
    validateSearch: (search) => ({ after: text(search.after) }),
    component: lazyPage(() => import("./models/groups-page"), "ModelGroupsPage"),
  });
  const requests = createRoute({
    getParentRoute: () => parent,
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
    getParentRoute: () => parent,
    path: "errors",
    validateSearch: (search) => ({ ...readRangeSearch(search), model: text(search.model), channel: text(search.channel), code: text(search.code) }),
    component: lazyPage(() => import("./requests/errors-page"), "ErrorsPage"),
  });
  const people = createRoute({
    getParentRoute: () => parent,
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
    getParentRoute: () => parent,
    path: "people/$id",
    component: lazyPage(() => import("./people/person-page"), "PersonPage"),
  });
  const invitations = createRoute({
    getParentRoute: () => parent,
    path: "invitations",
    validateSearch: (search) => ({ after: text(search.after) }),
    component: lazyPage(() => import("./invitations-page"), "InvitationsPage"),
  });
  const notices = createRoute({
    getParentRoute: () => parent,
    path: "notices",
    validateSearch: (search) => ({ after: text(search.after) }),
    component: lazyPage(() => import("./settings/notices-page"), "NoticesPage"),
  });
  const settings = createRoute({
    getParentRoute: () => parent,
    path: "settings",
    component: lazyPage(() => import("./settings/settings-page"), "SettingsPage"),
  });
  const roles = createRoute({
    getParentRoute: () => parent,
    path: "roles",
    component: lazyPage(() => import("./people/roles-page"), "RolesPage"),
  });
  const auditLog = createRoute({
    getParentRoute: () => parent,
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
  return [home, revenue, billing, channels, channel, models.addChildren([model]), modelGroups, requests.addChildren([request]), errors, people, person, invitations, notices, settings, roles, auditLog];
}
