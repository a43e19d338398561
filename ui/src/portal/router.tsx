import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { FailurePage, LostPage } from "@/features/failure-page";
import { PagePending } from "@/features/first-paint";
import { parseSearch, stringifySearch, text } from "@/features/plain-search";

import { paths } from "./paths";

const root = createRootRoute({
  errorComponent: ({ error }) => <FailurePage error={error} />,
  notFoundComponent: () => <LostPage home={paths.overview} />,
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: paths.overview });
  },
});

const stranger = createRoute({
  getParentRoute: () => root,
  id: "stranger",
  component: lazyRouteComponent(() => import("./stranger-frame"), "StrangerFrame"),
});
const setup = createRoute({
  getParentRoute: () => stranger,
  path: paths.setup,
  component: lazyRouteComponent(() => import("./setup-page"), "SetupPage"),
});
const signIn = createRoute({
  getParentRoute: () => stranger,
  path: paths.signIn,
  validateSearch: (search) => ({ return: text(search.return) }),
  component: lazyRouteComponent(() => import("./sign-in-page"), "SignInPage"),
});
const register = createRoute({
  getParentRoute: () => stranger,
  path: paths.register,
  component: lazyRouteComponent(() => import("./register-page"), "RegisterPage"),
});
const verifyEmail = createRoute({
  getParentRoute: () => stranger,
  path: paths.verifyEmail,
  component: lazyRouteComponent(() => import("./verify-email-page"), "VerifyEmailPage"),
});
const forgotPassword = createRoute({
  getParentRoute: () => stranger,
  path: paths.forgotPassword,
  component: lazyRouteComponent(() => import("./forgot-password-page"), "ForgotPasswordPage"),
});
const resetPassword = createRoute({
  getParentRoute: () => stranger,
  path: paths.resetPassword,
  component: lazyRouteComponent(() => import("./reset-password-page"), "ResetPasswordPage"),
});

const app = createRoute({
  getParentRoute: () => root,
  path: paths.overview,
  component: lazyRouteComponent(() => import("./portal-frame"), "PortalFrame"),
});
const overview = createRoute({
  getParentRoute: () => app,
  path: "/",
  component: lazyRouteComponent(() => import("./overview-page"), "OverviewPage"),
});
const profile = createRoute({
  getParentRoute: () => app,
  path: "profile",
  component: lazyRouteComponent(() => import("./profile-page"), "ProfilePage"),
});
const security = createRoute({
  getParentRoute: () => app,
  path: "security",
  component: lazyRouteComponent(() => import("./security/security-page"), "SecurityPage"),
});
const sessions = createRoute({
  getParentRoute: () => app,
  path: "sessions",
  component: lazyRouteComponent(() => import("./sessions-page"), "SessionsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    stranger.addChildren([setup, signIn, register, verifyEmail, forgotPassword, resetPassword]),
    app.addChildren([overview, profile, security, sessions]),
  ]),
  parseSearch,
  stringifySearch,
  defaultPendingComponent: PagePending,
  defaultPreload: "intent",
});
