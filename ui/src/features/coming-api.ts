import type { Client } from "openapi-fetch";

import type { ComingPaths } from "@/api/coming";

import { useApi } from "./services";

/** The one client, for the routes that `api/coming.ts` describes until schema.ts does. */
export function useComingApi(): Client<ComingPaths> {
  return useApi() as unknown as Client<ComingPaths>;
}
