import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { FailingChannel, Overview, OverviewWindow } from "@/api/schema";
import { writeMilliseconds } from "@/features/calls/milliseconds";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { useNow } from "@/features/now";
import { usePageTitle } from "@/features/page-title";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Stat, Stats } from "@/kit/stat";

import { useChannelSwitch } from "../channels/use-switch";
import { paths } from "../paths";
import { FailingAudits } from "./failing-audits";

const REFRESH_MS = 60_000;
const PPM = 1_000_000;

/** How the site is doing: the last 24 hours beside those before, and what needs somebody now. */
export function OverviewPage() {
  const { t } = useTranslation("figures");
  const api = useApi();
  usePageTitle(t("overview.title"));
  const stats = useQuery({
    queryKey: ["stats", "overview"],
    queryFn: () => take(api.GET("/api/admin/stats/overview")),
    refetchInterval: REFRESH_MS,
  });
  // The desktop app may be newer than the site, which then says nothing of these.
  const audits = stats.data?.audits ?? [];
  return (
    <>
      <PageHeader title={t("overview.title")} description={t("overview.why")} />
      <div className="grid grid-cols-1 gap-5">
        {stats.data !== undefined && <FailingAudits of={audits} />}
        {/* Made anew below an alarm, so that nothing that is there already is pushed down. */}
        <Panel key={audits.some(({ status }) => status === "failing") ? "below" : "first"}>
          <Listing query={stats} rows={3} isEmpty={() => false} empty={null}>
            {(data) => <Figures of={data} />}
          </Listing>
        </Panel>
        {stats.data !== undefined && (
          <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <Panel title={t("overview.failing")} description={t("overview.failingWhy")} flush>
              <div className="border-t border-line">
                {stats.data.failing_channels.length === 0 ? (
                  <EmptyState icon={<CircleCheck size={18} />} title={t("overview.noneFailing")} />
                ) : (
                  <ul className="divide-y divide-line">
                    {stats.data.failing_channels.map((channel) => (
                      <Failing key={channel.channel_id} of={channel} />
                    ))}
                  </ul>
                )}
              </div>
            </Panel>
            <Panel title={t("overview.lowBalance")}>
              <LowBalance of={stats.data.low_balance} />
            </Panel>
          </div>
        )}
      </div>
    </>
  );
}

function Figures({ of: { now, before } }: { of: Overview }) {
  const { t, i18n } = useTranslation("figures");
  const formats = useFormats();
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 2 });
  const rate = (ppm: number | null | undefined) => (ppm === null || ppm === undefined ? "–" : percent.format(ppm / PPM));
  const time = (ms: number | null | undefined) => (ms === null || ms === undefined ? "–" : writeMilliseconds(ms, i18n.language));
  const money = (amount: string | null | undefined) => (amount === null || amount === undefined ? "–" : <Money amount={amount} currency="USD" />);
  const figures: { id: string; label: string; write: (window: OverviewWindow) => ReactNode; isHidden?: boolean }[] = [
    { id: "requests", label: t("overview.requests"), write: (window) => formats.number(window.requests) },
    { id: "success", label: t("overview.success"), write: (window) => rate(window.success_ppm) },
    { id: "errors", label: t("overview.errors"), write: (window) => formats.number(window.errors) },
    { id: "users", label: t("overview.users"), write: (window) => formats.number(window.active_users) },
    { id: "p50", label: t("overview.p50"), write: (window) => time(window.first_byte_ms.p50) },
    { id: "p95", label: t("overview.p95"), write: (window) => time(window.first_byte_ms.p95) },
    { id: "tokens", label: t("overview.tokens"), write: (window) => formats.number(window.input_tokens + window.output_tokens) },
    // Whoever may not see revenue is not told of it.
    { id: "charged", label: t("overview.charged"), write: (window) => money(window.charged), isHidden: now.charged === null || now.charged === undefined },
  ];
  return (
    <Stats>
      {figures
        .filter(({ isHidden }) => isHidden !== true)
        .map(({ id, label, write }) => (
          <Stat
            key={id}
            label={label}
            note={
              <>
                {t("overview.before")} {write(before)}
              </>
            }
          >
            {write(now)}
          </Stat>
        ))}
    </Stats>
  );
}

function Failing({ of: channel }: { of: FailingChannel }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  const now = useNow();
  const mayWrite = useMay("channels.write");
  const change = useChannelSwitch();
  const name = channel.name ?? channel.channel_id;
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 px-4 py-3 sm:px-5">
      <span className="grid min-w-0 flex-1 basis-48">
        <Link to={paths.channel(channel.channel_id)} className="rounded-sm font-medium [overflow-wrap:anywhere] hover:underline">
          {name}
        </Link>
        <span className="text-[0.8125rem] text-muted">
          {t("overview.failed", { failures: formats.number(channel.failures), attempts: formats.number(channel.attempts) })} ·{" "}
          <code className="font-mono">{channel.last_error_code ?? channel.last_status_code ?? "–"}</code> · {formats.relative(channel.last_failed_at, now)}
        </span>
      </span>
      <Button
        size="small"
        aria-label={t("overview.disableNamed", { name })}
        pending={change.isPending}
        blockedBy={mayWrite ? undefined : t("mayNotWrite", { ns: "channels" })}
        onClick={() => change.mutate({ id: channel.channel_id, name, active: false })}
      >
        {t("disable", { ns: "channels" })}
      </Button>
    </li>
  );
}

function LowBalance({ of: { threshold, users } }: { of: Overview["low_balance"] }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  return (
    <div className="grid gap-1">
      <p className="text-xl font-semibold tracking-tight tabular-nums">{formats.number(users)}</p>
      <p className="text-muted">{t("overview.lowBalanceOf", { count: users, amount: formats.money(threshold, "USD") })}</p>
    </div>
  );
}
