import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useCallback } from "react";

import { take } from "@/api/client";
import type { Me, Permission } from "@/api/schema";

import { useApi } from "./services";

export const ME = ["me"] as const;

/** Whoever is signed in. */
export function useMe(): UseQueryResult<Me> {
  const api = useApi();
  return useQuery({ queryKey: ME, queryFn: () => take(api.GET("/api/me")), staleTime: 60_000 });
}

/** Whether whoever is signed in may do this. */
export function useMay(permission: Permission): boolean {
  return useMe().data?.permissions.includes(permission) ?? false;
}

/** Ends the session here and forgets everything that was fetched. */
export function useSignOut(): () => Promise<void> {
  const api = useApi();
  const queries = useQueryClient();
  return useCallback(async () => {
    await take(api.POST("/api/auth/logout"));
    queries.clear();
    location.assign("/sign-in");
  }, [api, queries]);
}
