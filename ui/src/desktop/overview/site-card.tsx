import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import type { Overview } from "@/api/schema";
import { writeMilliseconds } from "@/features/calls/milliseconds";
import { Money } from "@/features/money";
import { useProblemWords } from "@/features/problem-alert";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { Skeleton } from "@/kit/skeleton";

import { ColourMark, ConditionBadge, EnvironmentBadge } from "../connection-marks";
import { useOpenSite } from "../open-site";
import { troubleOf } from "../pages/connection-trouble";
import { ShellAlert, useShellWords } from "../shell-alert";
import type { Connection } from "../shell-types";
import { ShellProblem } from "../transport";
import type { SiteFigures } from "./site-figures";

const PPM = 1_000_000;

/** One site: whose it is, how it does, and the way in. */
export function SiteCard({ connection, figures }: { connection: Connection; figures: SiteFigures }) {
  const { t } = useTranslation("desk");
  const { id, name, colour, environment, condition, address } = connection;
  const open = useOpenSite();
  return (
    <li className="relative grid content-start gap-3.5 rounded-panel border border-line bg-surface p-4 hover:border-edge has-[h2_button:focus-visible]:outline-2 has-[h2_button:focus-visible]:outline-offset-2 has-[h2_button:focus-visible]:outline-accent">
      <div className="grid gap-1">
        <div className="flex flex-wrap items-center gap-2">
          <ColourMark colour={colour} />
          <h2 className="min-w-0 font-semibold">
            {/* The whole card is the button's. */}
            <button type="button" className="text-start outline-none [overflow-wrap:anywhere] after:absolute after:inset-0 after:rounded-panel" onClick={() => open.mutate(id)}>
              <bdi>{name}</bdi>
            </button>
          </h2>
          <span className="ms-auto flex flex-wrap items-center gap-1.5">
            <EnvironmentBadge environment={environment} />
            <ConditionBadge condition={condition} />
          </span>
        </div>
        <p className="ps-3.5 text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{address ?? t("thisAppStopped")}</p>
      </div>
      {open.isError && <ShellAlert failure={open.error} />}
      <Content connection={connection} figures={figures} />
    </li>
  );
}

function Content({ connection, figures }: { connection: Connection; figures: SiteFigures }) {
  const { t } = useTranslation("machine");
  const { why, canRetry } = useTrouble(connection, figures);
  if (figures.isError) {
    return (
      <div className="grid justify-items-start gap-2">
        <p className="text-muted">{why}</p>
        {canRetry && (
          <Button size="small" className="relative" aria-label={t("overview.retryNamed", { name: connection.name })} pending={figures.isFetching} onClick={() => void figures.refetch()}>
            {t("overview.retry")}
          </Button>
        )}
      </div>
    );
  }
  if (figures.data === undefined) return <Skeleton className="h-24" />;
  return <Figures of={figures.data} />;
}

/** Why a site shows no figures, and whether asking again may help; all else is done where the site is opened. */
function useTrouble(connection: Connection, { error }: SiteFigures): { why: string; canRetry: boolean } {
  const { t } = useTranslation("machine");
  const say = useProblemWords();
  const sayShell = useShellWords();
  if (error === null) return { why: "", canRetry: false };
  const problem = toProblem(error);
  if (problem.code === "forbidden") return { why: t("overview.notAllowed"), canRetry: false };
  const trouble = troubleOf(connection, problem.code);
  if (trouble === null) return { why: problem instanceof ShellProblem ? sayShell(problem.failure) : say(problem), canRetry: true };
  return { why: t(`overview.${trouble}`), canRetry: trouble === "offline" };
}

function Figures({ of: { now, failing_channels, low_balance, audits } }: { of: Overview }) {
  const { t, i18n } = useTranslation("machine");
  const formats = useFormats();
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 2 });
  const { charged, success_ppm, first_byte_ms } = now;
  const names = failing_channels.map(({ name, channel_id }) => name ?? channel_id);
  const figures: [string, ReactNode][] = [
    [t("overview.requests"), formats.number(now.requests)],
    [t("overview.success"), success_ppm === null || success_ppm === undefined ? "–" : percent.format(success_ppm / PPM)],
    [t("overview.p95"), first_byte_ms.p95 === null || first_byte_ms.p95 === undefined ? "–" : writeMilliseconds(first_byte_ms.p95, i18n.language)],
    // Whoever may not see revenue is not told of it.
    ...(charged === null || charged === undefined ? [] : [[t("overview.charged"), <Money key="charged" amount={charged} currency="USD" />] as [string, ReactNode]]),
    [t("overview.failing"), formats.number(names.length)],
    [t("overview.lowBalance"), formats.number(low_balance.users)],
  ];
  return (
    <>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2.5 xl:grid-cols-3">
        {figures.map(([label, figure]) => (
          <div key={label} className="grid content-between">
            <dt className="text-xs text-muted">{label}</dt>
            <dd className="font-semibold tabular-nums">{figure}</dd>
          </div>
        ))}
      </dl>
      {/* A site of an earlier version says nothing of these. */}
      {(audits ?? [])
        .filter(({ status }) => status === "failing")
        .map(({ kind }) => (
          <p key={kind} className="text-[0.8125rem] font-medium text-danger">
            {t(`audits.${kind}`, { ns: "figures" })}
          </p>
        ))}
      {names.length > 0 && <p className="text-[0.8125rem] text-warning [overflow-wrap:anywhere]">{t("overview.failingNames", { names: names.join(", ") })}</p>}
    </>
  );
}
