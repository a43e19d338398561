import { useTranslation } from "react-i18next";

import type { Request } from "@/api/schema";
import { Alert } from "@/kit/alert";

const CAUSES = [
  "caller_left", "server_lost", "server_stopped", "server_fault", "not_settled", "no_provider", "provider_failed", "provider_slow", "provider_busy",
  "answer_broke_off", "answer_stalled", "prompt_too_long", "content_refused", "parameter_refused", "model_refused", "request_too_large", "request_refused",
] as const;

/** Why a call failed, in plain words, and what helps. Nothing is said of one that succeeded. */
export function Cause({ request }: { request: Pick<Request, "status" | "cause"> }) {
  const { t } = useTranslation("requests");
  if (request.status === "ok") return null;
  const cause = CAUSES.find((known) => known === request.cause) ?? (request.status === "cancelled" ? "caller_left" : request.status === "lost" ? "server_lost" : "other");
  return (
    <Alert tone={request.status === "cancelled" ? "warning" : "danger"} title={t(`causes.${cause}.what`)}>
      {t(`causes.${cause}.help`)}
    </Alert>
  );
}
