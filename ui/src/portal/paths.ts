/** Every address of the portal. */
export const paths = {
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
