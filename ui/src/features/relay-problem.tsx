import { useTranslation } from "react-i18next";

import { RelayProblem } from "@/api/relay";
import { Alert } from "@/kit/alert";
import { CopyId } from "@/kit/copy-id";

const KNOWN = [
  "invalid_api_key", "insufficient_balance", "budget_exceeded", "model_not_allowed", "ip_not_allowed", "model_not_found", "rate_limit_exceeded",
  "concurrency_limit_exceeded", "upstream_error", "upstream_timeout", "no_channel_available", "settlement_unavailable", "request_too_large", "shutting_down",
  "setup_required", "invalid_request", "no_connection", "unreadable_answer",
] as const;

/** Says why a call with a key failed and what helps, beside what the relay itself said. */
export function RelayProblemAlert({ problem }: { problem: unknown }) {
  const { t } = useTranslation("relay");
  const known = problem instanceof RelayProblem ? KNOWN.find((code) => code === problem.code) : undefined;
  return (
    <Alert tone="danger" title={known === undefined ? t("other") : t(`codes.${known}`)} live>
      {problem instanceof RelayProblem && (
        <div className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
          <p>
            {problem.status > 0 && <span className="tabular-nums">HTTP {problem.status} · </span>}
            <code className="font-mono">{problem.code}</code>
            {problem.message !== "" && <> · <bdi>{problem.message}</bdi></>}
          </p>
          {problem.requestId !== null && <CopyId id={problem.requestId} label={t("copyRequestId", { ns: "lists" })} />}
        </div>
      )}
    </Alert>
  );
}
