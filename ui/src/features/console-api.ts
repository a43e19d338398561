import type { Client } from "openapi-fetch";

import type { ConsolePaths, ConsolePermission } from "@/api/coming-console";

import { useApi } from "./services";
import { useMe } from "./session";

/** The one client, for the routes that `api/coming-console.ts` describes until schema.ts does. */
export function useConsoleApi(): Client<ConsolePaths> {
  return useApi() as unknown as Client<ConsolePaths>;
}

/** Whether whoever is signed in may do this. */
export function useCan(permission: ConsolePermission): boolean {
  const permissions: readonly string[] = useMe().data?.permissions ?? [];
  return permissions.includes(permission);
}
