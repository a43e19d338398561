/** Every address of the console, and those of the portal that it leads to. */
export const paths = {
  people: "/console/people",
  person: (id: string) => `/console/people/${encodeURIComponent(id)}`,
  invitations: "/console/invitations",
  auditLog: "/console/audit-log",
  auditLogOf: (target: string) => `/console/audit-log?${new URLSearchParams({ target })}`,
  auditLogBy: (actor: string) => `/console/audit-log?${new URLSearchParams({ actor })}`,
  portal: "/app",
  security: "/app/security",
  signIn: (returnPath: string) => `/sign-in?${new URLSearchParams({ return: returnPath })}`,
} as const;
