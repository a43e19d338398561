import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useCallback } from "react";

import { take, type Api } from "@/api/client";
import { ApiProblem, toProblem } from "@/api/problem";
import type { Me, Permission } from "@/api/schema";

import { useApi, useSignedOut } from "./services";
import { rememberSignedIn, wasSignedIn } from "./visitor";

export const ME = ["me"] as const;

/** Whoever is signed in. */
export function useMe(): UseQueryResult<Me> {
  const api = useApi();
  const leave = useSignedOut();
  return useQuery({ queryKey: ME, queryFn: () => findMe(api, leave), staleTime: 60_000 });
}

/**
 * Asks who is signed in. A browser that remembers nobody asks first whether somebody is: it is no refusal to be nobody,
 * and browsers write every refusal down as a fault of the page.
 */
async function findMe(api: Api, leave: () => void): Promise<Me> {
  if (!wasSignedIn() && !(await take(api.GET("/api/auth/options"))).is_signed_in) {
    leave();
    throw new ApiProblem("invalid_token", "Nobody is signed in.", 401);
  }
  try {
    const me = await take(api.GET("/api/me"));
    rememberSignedIn(true);
    return me;
  } catch (thrown) {
    if (toProblem(thrown).code === "invalid_token") rememberSignedIn(false);
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
  return useCallback(async () => {
    await take(api.POST("/api/auth/logout"));
    rememberSignedIn(false);
    // A browser may keep the page for the way back to it. It is not to be seen again.
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    location.assign("/sign-in");
  }, [api]);
}
