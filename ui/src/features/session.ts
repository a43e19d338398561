import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useCallback } from "react";

import { take, type Api } from "@/api/client";
import { ApiProblem, toProblem } from "@/api/problem";
import type { Me, Permission } from "@/api/schema";

import { useApi, useSignedOut } from "./services";
import { useSurroundings, type Surroundings } from "./surroundings";

export const ME = ["me"] as const;

/** Whoever is signed in. */
export function useMe(): UseQueryResult<Me> {
  const api = useApi();
  const leave = useSignedOut();
  const surroundings = useSurroundings();
  return useQuery(meQuery(api, surroundings, leave));
}

/** The question who is signed in, for whoever asks it without a screen. */
export function meQuery(api: Api, surroundings: Surroundings, leave: () => void) {
  return { queryKey: ME, queryFn: () => findMe(api, surroundings, leave), staleTime: 60_000 };
}

async function findMe(api: Api, { isNobodyHere, noteSignedIn }: Surroundings, leave: () => void): Promise<Me> {
  if (await isNobodyHere(api)) {
    leave();
    throw new ApiProblem("invalid_token", "Nobody is signed in.", 401);
  }
  try {
    const me = await take(api.GET("/api/me"));
    noteSignedIn(true);
    return me;
  } catch (thrown) {
    if (toProblem(thrown).code === "invalid_token") noteSignedIn(false);
    throw thrown;
  }
}

/** Whether whoever is signed in may do this. */
export function useMay(permission: Permission): boolean {
  return useMe().data?.permissions.includes(permission) ?? false;
}

/** Ends the session here and leaves the page, and with it everything that was fetched. */
export function useSignOut(): () => Promise<void> {
  const api = useApi();
  const { signOut } = useSurroundings();
  return useCallback(() => signOut(api), [api, signOut]);
}
