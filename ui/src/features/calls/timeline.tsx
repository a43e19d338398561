import { useTranslation } from "react-i18next";

import type { RequestTimeline } from "@/api/schema";
import { Fact, Facts } from "@/kit/facts";

import { writeMilliseconds } from "./milliseconds";

const PARTS = [
  { field: "queue_ms", word: "queue", colour: "var(--ws-chart-6)" },
  { field: "retries_ms", word: "retries", colour: "var(--ws-chart-2)" },
  { field: "first_byte_ms", word: "firstByte", colour: "var(--ws-chart-3)" },
  { field: "stream_ms", word: "stream", colour: "var(--ws-chart-1)" },
] as const;

/** Where the time of a call went: a bar to see it, and each part in words. */
export function Timeline({ times }: { times: RequestTimeline }) {
  const { t, i18n } = useTranslation("requests");
  const parts = PARTS.flatMap((part) => {
    const ms = times[part.field] ?? null;
    return ms === null || (part.field === "retries_ms" && ms === 0) ? [] : [{ ...part, ms }];
  });
  // What no part accounts for stays an empty stretch at the end.
  const whole = Math.max(times.total_ms ?? 0, parts.reduce((before, { ms }) => before + ms, 0));
  const startOf = (place: number) => parts.slice(0, place).reduce((before, { ms }) => before + ms, 0);
  const percent = (ms: number) => `${(ms / whole) * 100}%`;
  return (
    <div className="grid gap-2">
      {whole > 0 && (
        <svg width="100%" height="10" aria-hidden="true" className="rounded-full">
          <rect width="100%" height="10" fill="var(--ws-line)" />
          {parts.map(({ field, colour, ms }, place) => (
            <rect key={field} x={percent(startOf(place))} width={percent(ms)} height="10" fill={colour} />
          ))}
        </svg>
      )}
      <Facts>
        {parts.map(({ field, word, colour, ms }) => (
          <Fact
            key={field}
            name={
              <span className="inline-flex items-center gap-2">
                <svg width="10" height="10" aria-hidden="true">
                  <rect width="10" height="10" rx="3" fill={colour} />
                </svg>
                {t(`timeline.${word}`)}
              </span>
            }
          >
            {writeMilliseconds(ms, i18n.language)}
          </Fact>
        ))}
        {times.total_ms !== null && times.total_ms !== undefined && (
          <Fact name={<span className="font-medium text-ink">{t("timeline.total")}</span>}>
            <span className="font-medium">{writeMilliseconds(times.total_ms, i18n.language)}</span>
          </Fact>
        )}
      </Facts>
    </div>
  );
}
