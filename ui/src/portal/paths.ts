/** Every address of the portal. */
export const paths = {
  home: "/",
  publicModels: "/models",
  publicDocs: "/docs",
  keys: "/app/keys",
  usage: "/app/usage",
  requests: "/app/requests",
  request: (id: string) => `/app/requests/${encodeURIComponent(id)}`,
  ledger: "/app/ledger",
  playground: "/app/playground",
  models: "/app/models",
  docs: "/app/docs",
  settings: "/app/appearance",
  setup: "/setup",
  signIn: "/sign-in",
  register: "/register",
  verifyEmail: "/verify-email",
  forgotPassword: "/forgot-password",
  resetPassword: "/reset-password",
  overview: "/app",
  profile: "/app/profile",
  security: "/app/security",
  sessions: "/app/sessions",
  console: "/console",
} as const;

/** The sign-in page, and where to go from there. */
export function signInPath(returnPath: string): string {
  return `${paths.signIn}?${new URLSearchParams({ return: returnPath })}`;
}
