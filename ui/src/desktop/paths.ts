/** Every address of the panel's own pages, and the first page of the site that is worked with. */
export const paths = {
  overview: "/",
  connections: "/connections",
  localServer: "/local-server",
  app: "/app",
  site: "/console",
  charts: "/console/charts",
  revenue: "/console/revenue",
} as const;
