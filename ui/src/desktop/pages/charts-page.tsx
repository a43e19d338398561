import { Link, useSearch } from "@tanstack/react-router";
import { Download, ExternalLink, Table2 } from "lucide-react";
import { useTranslation } from "react-i18next";

import { useFilter } from "@/features/keyset";
import { usePageTitle } from "@/features/page-title";
import { localZone, useRange } from "@/features/range";
import { RangeFilter } from "@/features/range-filter";
import { useMay } from "@/features/session";
import { Button, buttonLook } from "@/kit/button";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Segments } from "@/kit/segments";
import { Skeleton } from "@/kit/skeleton";
import { useToast } from "@/kit/toast";

import { CHART_KINDS, type ChartSearch } from "../charts/chart-search";
import { useShownTheme } from "../charts/use-shown-theme";
import { useAsked, useDeed } from "../desk";
import { paths } from "../paths";
import { ShellAlert } from "../shell-alert";
import type { ShellFailure } from "../shell";
import type { Chart, ChartKind, Connection, PictureFormat } from "../shell-types";
import { useShownRoom } from "../window";

const SIZE = { width: 960, height: 420 } as const;
/** Of the reader's own calls; everything else is of the site's revenue. */
const OWN: ReadonlySet<ChartKind> = new Set(["own_usage_by_model"]);
/** By month the site's own span is meant: the last twelve of them. */
const BY_MONTH: ReadonlySet<ChartKind> = new Set(["revenue_by_month", "margin_by_month"]);

/** Charts of the site that is worked with, as the shell draws them. */
export function ChartsPage() {
  const { connection } = useShownRoom();
  return connection === undefined ? <Skeleton className="h-96" /> : <ChartsOf connection={connection} />;
}

function ChartsOf({ connection }: { connection: Connection }) {
  const { t, i18n } = useTranslation("machine");
  const toast = useToast();
  const filter = useFilter();
  const theme = useShownTheme();
  const range = useRange("30d");
  const search = useSearch({ strict: false }) as ChartSearch;
  const maySeeRevenue = useMay("revenue.read");
  usePageTitle(t("charts.title"));
  const kinds = CHART_KINDS.filter((kind) => maySeeRevenue || OWN.has(kind));
  const kind = kinds.find((offered) => offered === search.kind) ?? kinds[0] ?? "own_usage_by_model";
  const bounds = BY_MONTH.has(kind) ? {} : range.bounds;
  const chart: Chart = { connection: connection.id, kind, theme, ...SIZE, ...bounds, time_zone: localZone(i18n.language).name };
  // The shell draws in the language that the reader chose.
  const drawn = useAsked("chart", (shell) => shell.drawChart(chart), [chart, i18n.language]);
  const save = useDeed({
    act: (shell, format: PictureFormat) => shell.saveChart(chart, format),
    onDone: (path: string | null) => path !== null && toast({ text: t("charts.saved", { path }) }),
  });
  const words = (failure: ShellFailure) => (failure.code === "refused" ? t("charts.refused", { message: failure.message }) : undefined);
  const span = BY_MONTH.has(kind) ? t("charts.months") : t("charts.span", { from: range.from, until: range.until });
  const kindName = t(`charts.kinds.${kind}`);
  return (
    <>
      <PageHeader
        title={t("charts.title")}
        description={t("charts.why")}
        actions={(["svg", "png"] as const).map((format) => (
          <Button
            key={format}
            icon={<Download size={16} />}
            pending={save.isPending && save.variables === format}
            blockedBy={drawn.data === undefined ? t("charts.drawing") : undefined}
            onClick={() => save.mutate(format)}
          >
            {t(`charts.${format}`)}
          </Button>
        ))}
      />
      <div className="grid grid-cols-1 gap-5">
        <div className="grid gap-3">
          <Segments label={t("charts.kind")} value={kind} options={kinds.map((value) => ({ value, label: t(`charts.kinds.${value}`) }))} onChange={(chosen) => filter({ kind: chosen })} />
          {!BY_MONTH.has(kind) && <RangeFilter range={range} />}
        </div>
        {save.isError && <ShellAlert failure={save.error} words={words(save.error)} />}
        <Panel>
          {drawn.isPending && <Skeleton className="aspect-[16/7] h-auto w-full" />}
          {drawn.isError && <ShellAlert failure={drawn.error} words={words(drawn.error)} onRetry={() => void drawn.refetch()} />}
          {drawn.data !== undefined && (
            <figure className="grid gap-3">
              <img {...SIZE} className="h-auto w-full" src={pictureOf(drawn.data)} alt={t("charts.alt", { kind: kindName, span })} />
              <figcaption className="flex flex-wrap items-center justify-between gap-3 text-muted">
                <span>{t("charts.caption", { kind: kindName, name: connection.name, span })}</span>
                <TableLink kind={kind} connection={connection} range={search} />
              </figcaption>
            </figure>
          )}
        </Panel>
      </div>
    </>
  );
}

/** The way to the same figures as a table; of the reader's own calls the site itself has it. */
function TableLink({ kind, connection, range }: { kind: ChartKind; connection: Connection; range: ChartSearch }) {
  const { t } = useTranslation("machine");
  const open = useDeed({ act: (shell) => shell.openWebLink(`${connection.address}/app/usage`) });
  if (!OWN.has(kind)) {
    const search = BY_MONTH.has(kind) ? { by: "month" } : { range: range.range, from: range.from, until: range.until };
    return (
      <Link to={paths.revenue} search={search} className={buttonLook({ size: "small" })}>
        <Table2 size={14} aria-hidden="true" />
        {t("charts.table")}
      </Link>
    );
  }
  // A server that is only here for the app has no address that is known to the browser's reader.
  if (connection.place.kind === "this_app") return null;
  return (
    <>
      <Button size="small" icon={<ExternalLink size={14} />} pending={open.isPending} onClick={() => open.mutate()}>
        {t("charts.tableInBrowser")}
      </Button>
      {open.isError && <ShellAlert failure={open.error} />}
    </>
  );
}

/** As a picture a drawing can do nothing: no script in it runs, and it fetches nothing. */
function pictureOf(svg: string): string {
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
}
