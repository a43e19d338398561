import { useQuery } from "@tanstack/react-query";

import { take } from "@/api/client";
import { useApi } from "@/features/services";

export const PASSKEYS = ["passkeys"] as const;
export const TOTP = ["totp"] as const;
export const RECOVERY_CODES = ["recovery-codes"] as const;

// A page waits for both and then shows each in its place: a place that comes does not ask again for what has failed.

/** Whether there is an authenticator app. */
export function useTotp() {
  const api = useApi();
  return useQuery({ queryKey: TOTP, queryFn: () => take(api.GET("/api/me/totp")), retryOnMount: false });
}

/** One's passkeys. */
export function usePasskeys() {
  const api = useApi();
  return useQuery({ queryKey: PASSKEYS, queryFn: () => take(api.GET("/api/me/passkeys")), retryOnMount: false });
}

/** How many recovery codes are left. */
export function useRecoveryCodes() {
  const api = useApi();
  return useQuery({ queryKey: RECOVERY_CODES, queryFn: () => take(api.GET("/api/me/recovery-codes")) });
}
