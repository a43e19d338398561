import { useQuery } from "@tanstack/react-query";

import { take } from "@/api/client";
import { useApi } from "@/features/services";

export const PASSKEYS = ["passkeys"] as const;
export const TOTP = ["totp"] as const;
export const RECOVERY_CODES = ["recovery-codes"] as const;

/** Whether there is an authenticator app. */
export function useTotp() {
  const api = useApi();
  return useQuery({ queryKey: TOTP, queryFn: () => take(api.GET("/api/me/totp")) });
}

/** One's passkeys. */
export function usePasskeys() {
  const api = useApi();
  return useQuery({ queryKey: PASSKEYS, queryFn: () => take(api.GET("/api/me/passkeys")) });
}

/** How many recovery codes are left. */
export function useRecoveryCodes() {
  const api = useApi();
  return useQuery({ queryKey: RECOVERY_CODES, queryFn: () => take(api.GET("/api/me/recovery-codes")) });
}
