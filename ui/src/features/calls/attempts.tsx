import { useTranslation } from "react-i18next";

import type { Attempt, RequestDetails } from "@/api/schema";

import { writeMilliseconds } from "./milliseconds";

const WIDTH = 100;
/** A try that took almost no time is still to be seen. */
const SHORTEST = 1;

/** How the call was tried, channel after channel, each where it lies in the time of the whole call. */
export function Attempts({ request, attempts }: { request: Pick<RequestDetails, "started_at" | "duration_ms">; attempts: Attempt[] }) {
  const { t, i18n } = useTranslation("requests");
  const start = Date.parse(request.started_at);
  const whole = Math.max(request.duration_ms, ...attempts.map((attempt) => Date.parse(attempt.started_at) - start + attempt.duration_ms), 1);
  return (
    <ol className="divide-y divide-line">
      {attempts.map((attempt) => {
        const from = Math.min(((Date.parse(attempt.started_at) - start) / whole) * WIDTH, WIDTH - SHORTEST);
        const width = Math.max((attempt.duration_ms / whole) * WIDTH, SHORTEST);
        const isFailed = attempt.error_code !== null && attempt.error_code !== undefined;
        return (
          <li key={attempt.id} className="grid grid-cols-1 gap-1 py-2">
            <p className="flex flex-wrap justify-between gap-x-4">
              <span className="min-w-0 font-medium [overflow-wrap:anywhere]">
                {t("sheet.attemptNumber", { number: attempt.number })} · <bdi>{attempt.channel_name ?? attempt.channel_id}</bdi>
              </span>
              <span className="text-muted tabular-nums">
                {attempt.status_code ?? "–"} · {writeMilliseconds(attempt.duration_ms, i18n.language)}
              </span>
            </p>
            <svg viewBox={`0 0 ${WIDTH} 6`} preserveAspectRatio="none" aria-hidden="true" className="h-1.5 w-full">
              <rect width={WIDTH} height="6" fill="var(--ws-line)" />
              <rect x={Math.max(from, 0)} width={Math.min(width, WIDTH)} height="6" fill={isFailed ? "var(--ws-danger)" : "var(--ws-accent)"} />
            </svg>
            {isFailed && (
              <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
                {/* What the provider wrote may begin with its own name for it, which is often ours too. */}
                <code className="font-mono">{attempt.error_code}</code> <bdi>{attempt.error_text?.replace(`${attempt.error_code}: `, "")}</bdi>
              </p>
            )}
          </li>
        );
      })}
    </ol>
  );
}
