import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { take } from "@/api/client";
import type { SignInOptions } from "@/api/schema";

import { useApi } from "./services";

/** How people get in here: who may register, by which providers, whether mail is sent. Everybody may know it. */
export function useSignInOptions(): UseQueryResult<SignInOptions> {
  const api = useApi();
  return useQuery({ queryKey: ["sign-in-options"], queryFn: () => take(api.GET("/api/auth/options")), staleTime: 300_000 });
}

/** What holds until the site has said otherwise, as before it has an owner; the server has the last word in any case. */
export const PASSWORD_LENGTH_MIN = 10;

/** The fewest characters of a password here. */
export function usePasswordLengthMin(): number {
  return useSignInOptions().data?.password_length_min ?? PASSWORD_LENGTH_MIN;
}
