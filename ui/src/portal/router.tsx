import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";

import { OUTCOMES } from "@/features/calls/outcomes";
import { FailurePage, LostPage, PartFailure } from "@/features/failure-page";
import { PagePending } from "@/features/first-paint";
import { lazyPage, PageMissing } from "@/features/lazy-page";
import { oneOf, parseSearch, stringifySearch, text } from "@/features/plain-search";
import { readRangeSearch } from "@/features/range";

import { paths } from "./paths";

const root = createRootRoute({
  errorComponent: ({ error, reset }) => <FailurePage error={error} {...(error instanceof PageMissing ? { onRetry: reset } : {})} />,
  notFoundComponent: () => <LostPage home={paths.overview} />,
});

const everybody = createRoute({
  getParentRoute: () => root,
  id: "everybody",
  component: lazyPage(() => import("./public-frame"), "PublicFrame"),
});
const home = createRoute({
  getParentRoute: () => everybody,
  path: paths.home,
  component: lazyPage(() => import("./home/home-page"), "HomePage"),
});
const modelSearch = (search: Record<string, unknown>) => ({ q: text(search.q), can: text(search.can), model: text(search.model) });
const publicModels = createRoute({
  getParentRoute: () => everybody,
  path: paths.publicModels,
  validateSearch: modelSearch,
  component: lazyPage(() => import("./models/models-page"), "ModelsPage"),
});
const publicDocs = createRoute({
  getParentRoute: () => everybody,
  path: paths.publicDocs,
  validateSearch: (search) => ({ client: text(search.client) }),
  component: lazyPage(() => import("./docs/docs-page"), "DocsPage"),
});

const stranger = createRoute({
  getParentRoute: () => root,
  id: "stranger",
  component: lazyPage(() => import("./stranger-frame"), "StrangerFrame"),
});
const setup = createRoute({
  getParentRoute: () => stranger,
  path: paths.setup,
  component: lazyPage(() => import("./setup-page"), "SetupPage"),
});
const signIn = createRoute({
  getParentRoute: () => stranger,
  path: paths.signIn,
  validateSearch: (search) => ({ return: text(search.return) }),
  component: lazyPage(() => import("./sign-in-page"), "SignInPage"),
});
const register = createRoute({
  getParentRoute: () => stranger,
  path: paths.register,
  component: lazyPage(() => import("./register-page"), "RegisterPage"),
});
const verifyEmail = createRoute({
  getParentRoute: () => stranger,
  path: paths.verifyEmail,
  component: lazyPage(() => import("./verify-email-page"), "VerifyEmailPage"),
});
const forgotPassword = createRoute({
  getParentRoute: () => stranger,
  path: paths.forgotPassword,
  component: lazyPage(() => import("./forgot-password-page"), "ForgotPasswordPage"),
});
const resetPassword = createRoute({
  getParentRoute: () => stranger,
  path: paths.resetPassword,
  component: lazyPage(() => import("./reset-password-page"), "ResetPasswordPage"),
});

const app = createRoute({
  getParentRoute: () => root,
  path: paths.overview,
  component: lazyPage(() => import("./portal-frame"), "PortalFrame"),
});
const overview = createRoute({
  getParentRoute: () => app,
  path: "/",
  component: lazyPage(() => import("./overview/overview-page"), "OverviewPage"),
});
const profile = createRoute({
  getParentRoute: () => app,
  path: "profile",
  component: lazyPage(() => import("./profile-page"), "ProfilePage"),
});
const security = createRoute({
  getParentRoute: () => app,
  path: "security",
  component: lazyPage(() => import("./security/security-page"), "SecurityPage"),
});
const sessions = createRoute({
  getParentRoute: () => app,
  path: "sessions",
  component: lazyPage(() => import("./sessions-page"), "SessionsPage"),
});

const keys = createRoute({
  getParentRoute: () => app,
  path: "keys",
  validateSearch: (search) => ({ after: text(search.after) }),
  component: lazyPage(() => import("./keys/keys-page"), "KeysPage"),
});
const usage = createRoute({
  getParentRoute: () => app,
  path: "usage",
  validateSearch: (search) => ({ ...readRangeSearch(search), group: oneOf(["model", "key"], search.group), model: text(search.model), key: text(search.key) }),
  component: lazyPage(() => import("./usage/usage-page"), "UsagePage"),
});
const requests = createRoute({
  getParentRoute: () => app,
  path: "requests",
  validateSearch: (search) => ({
    ...readRangeSearch(search),
    model: text(search.model),
    key: text(search.key),
    outcome: oneOf(OUTCOMES, search.outcome),
    after: text(search.after),
  }),
  component: lazyPage(() => import("./requests/requests-page"), "RequestsPage"),
});
const request = createRoute({
  getParentRoute: () => requests,
  path: "$id",
  component: lazyPage(() => import("./requests/request-sheet"), "RequestSheet"),
});
const ledger = createRoute({
  getParentRoute: () => app,
  path: "ledger",
  validateSearch: (search) => ({ after: text(search.after) }),
  component: lazyPage(() => import("./ledger/ledger-page"), "LedgerPage"),
});
const playground = createRoute({
  getParentRoute: () => app,
  path: "playground",
  validateSearch: (search) => ({ model: text(search.model) }),
  component: lazyPage(() => import("./playground/playground-page"), "PlaygroundPage"),
});
const models = createRoute({
  getParentRoute: () => app,
  path: "models",
  validateSearch: modelSearch,
  component: lazyPage(() => import("./models/models-page"), "OwnModelsPage"),
});
const docs = createRoute({
  getParentRoute: () => app,
  path: "docs",
  validateSearch: (search) => ({ client: text(search.client) }),
  component: lazyPage(() => import("./docs/docs-page"), "OwnDocsPage"),
});
const appearance = createRoute({
  getParentRoute: () => app,
  path: "appearance",
  component: lazyPage(() => import("./settings/appearance-page"), "AppearancePage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    everybody.addChildren([home, publicModels, publicDocs]),
    stranger.addChildren([setup, signIn, register, verifyEmail, forgotPassword, resetPassword]),
    app.addChildren([overview, keys, usage, requests.addChildren([request]), ledger, playground, models, docs, profile, security, sessions, appearance]),
  ]),
  parseSearch,
  stringifySearch,
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PartFailure,
  defaultPreload: "intent",
});
