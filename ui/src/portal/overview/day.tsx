import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { useApi } from "@/features/services";
import { Money } from "@/features/money";
import { ProblemAlert } from "@/features/problem-alert";
import { resolveRange } from "@/features/range";
import { useFormats } from "@/i18n/formats";
import { Panel } from "@/kit/panel";
import { Skeleton } from "@/kit/skeleton";
import { Stat, Stats } from "@/kit/stat";

import { paths } from "../paths";

/** What the last 24 hours brought. */
export function Day() {
  const { t } = useTranslation("overview");
  const api = useApi();
  const formats = useFormats();
  const [now] = useState(() => Date.now());
  const query = resolveRange({ range: "24h" }, "24h", now).bounds;
  const day = useQuery({ queryKey: ["usage", "summary", query], queryFn: () => take(api.GET("/api/me/usage/summary", { params: { query } })) });
  return (
    <Panel title={t("day")}>
      {day.isPending && <Skeleton className="h-30 lg:h-13" />}
      {day.isError && <ProblemAlert problem={day.error} onRetry={() => day.refetch()} />}
      {day.isSuccess && (
        <Stats>
          <Stat label={t("spent")}>
            <Money amount={day.data.total_charged} currency="USD" />
          </Stat>
          <Stat label={t("requests")}>{formats.number(day.data.total_requests)}</Stat>
          <Stat
            label={t("errors")}
            note={
              day.data.total_errors > 0 && (
                <Link to={paths.requests} search={{ outcome: "error", range: "24h" } as never} className="rounded-sm text-accent underline underline-offset-2">
                  {t("seeErrors")}
                </Link>
              )
            }
          >
            {formats.number(day.data.total_errors)}
          </Stat>
          <Stat label={t("tokens")}>{formats.number(day.data.total_tokens)}</Stat>
        </Stats>
      )}
    </Panel>
  );
}
