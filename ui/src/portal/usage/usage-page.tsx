import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { ChartLine, Download } from "lucide-react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { SeriesGroup, UsageSeries, UsageSums, UsageTotals } from "@/api/schema";
import { useApi } from "@/features/services";
import { useFilter } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { useKeyNames } from "@/features/own-keys";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { localZone, useRange } from "@/features/range";
import { RangeFilter } from "@/features/range-filter";
import { useSaveExport } from "@/features/save-export";
import { useFormats } from "@/i18n/formats";
import { Alert } from "@/kit/alert";
import { Button, buttonLook } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { FilterChips } from "@/kit/filter-chips";
import { LineChart } from "@/kit/line-chart";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Segments } from "@/kit/segments";
import { Skeleton } from "@/kit/skeleton";
import { Stat, Stats } from "@/kit/stat";
import { Table, type Column } from "@/kit/table";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { chartSteps, costSeries, tokenSeries } from "./chart-data";

const GROUPINGS = ["none", "model", "key"] as const satisfies SeriesGroup[];
/** Longer than so many hours, a chart has a point for each day. */
const HOURS_MAX = 48;
/** The server draws no longer course than this. */
const CHART_HOURS_MAX = 92 * 24 + 1;
const FORMATS = ["csv", "json"] as const;

type Search = { group?: SeriesGroup; model?: string; key?: string };

/** What was used over a time: the sums, their course, and which model and key they are of. */
export function UsagePage() {
  const { t, i18n } = useTranslation("usage");
  const api = useApi();
  const filter = useFilter();
  const range = useRange("30d");
  const { group = "none", model, key } = useSearch({ strict: false }) as Search;
  const { nameOf } = useKeyNames();
  usePageTitle(t("title"));

  const time_zone = localZone(i18n.language).name;
  const narrowed = { ...range.bounds, time_zone, model, key_id: key };
  const by = range.hours <= HOURS_MAX ? ("hour" as const) : ("day" as const);
  const isTooLong = range.hours > CHART_HOURS_MAX;
  const summary = useQuery({
    queryKey: ["usage", "summary", narrowed],
    queryFn: () => take(api.GET("/api/me/usage/summary", { params: { query: narrowed } })),
    placeholderData: keepPreviousData,
  });
  const series = useQuery({
    queryKey: ["usage", "series", narrowed, by, group],
    queryFn: () => take(api.GET("/api/me/usage/series", { params: { query: { ...narrowed, by, group_by: group } } })),
    placeholderData: keepPreviousData,
    enabled: !isTooLong,
  });
  const chips = [
    model !== undefined && { id: "model", name: t("model"), value: model, onRemove: () => filter({ model: undefined }) },
    key !== undefined && { id: "key", name: t("key"), value: nameOf(key) ?? key, onRemove: () => filter({ key: undefined }) },
  ].filter((chip) => chip !== false);
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} actions={<Exports query={{ ...range.bounds, model, key_id: key }} />} />
      <div className="grid gap-5">
        <div className="grid gap-3">
          <RangeFilter range={range} />
          <FilterChips
            label={t("filters.label", { ns: "lists" })}
            chips={chips}
            removeLabel={(name) => t("filters.remove", { ns: "lists", name })}
            clearLabel={t("filters.clear", { ns: "lists" })}
            onClear={() => filter({ model: undefined, key: undefined })}
          />
        </div>
        <Panel>
          {summary.isPending ? <Skeleton className="h-30 lg:h-13" /> : summary.isError ? <ProblemAlert problem={summary.error} onRetry={() => summary.refetch()} /> : <Sums of={summary.data.total} />}
        </Panel>
        <div className="flex flex-wrap items-center justify-between gap-3">
          <Segments
            label={t("groupBy")}
            value={group}
            options={GROUPINGS.map((value) => ({ value, label: t(`groups.${value}`) }))}
            onChange={(value) => filter({ group: value === "none" ? undefined : value })}
          />
        </div>
        {isTooLong ? (
          <Alert tone="info">{t("tooLong")}</Alert>
        ) : (
          <Panel>
            <Listing
              query={series}
              rows={5}
              isEmpty={({ points }) => points.length === 0}
              empty={
                <EmptyState
                  icon={<ChartLine size={18} />}
                  title={t("none")}
                  action={
                    <Link to={paths.playground} className={buttonLook({})}>
                      {t("playground", { ns: "places" })}
                    </Link>
                  }
                >
                  {t("noneWhy")}
                </EmptyState>
              }
            >
              {(data) => <Charts series={data} nameOf={(id) => nameOf(id) ?? t("unknownKey")} />}
            </Listing>
          </Panel>
        )}
        {summary.data !== undefined && summary.data.total_requests > 0 && <Breakdown summary={summary.data} />}
      </div>
    </>
  );
}

function Sums({ of: sums }: { of: UsageSums }) {
  const { t } = useTranslation("usage");
  const formats = useFormats();
  return (
    <Stats>
      <Stat label={t("cost")}>
        <Money amount={sums.cost} currency="USD" />
      </Stat>
      <Stat label={t("charged")}>
        <Money amount={sums.charged} currency="USD" />
      </Stat>
      <Stat label={t("tokens")} note={t("inOut", { input: formats.number(sums.input_tokens), output: formats.number(sums.output_tokens) })}>
        {formats.number(sums.input_tokens + sums.output_tokens)}
      </Stat>
      <Stat label={t("requests")} note={sums.errors === 0 ? t("noErrors") : t("errors", { count: sums.errors })}>
        {formats.number(sums.requests)}
      </Stat>
    </Stats>
  );
}

function Charts({ series, nameOf }: { series: UsageSeries; nameOf: (id: string) => string }) {
  const { t, i18n } = useTranslation("usage");
  const formats = useFormats();
  const write = {
    language: i18n.language,
    number: formats.number,
    money: (amount: string) => formats.money(amount, "USD"),
    nameOf: series.group_by === "key" ? nameOf : (model: string) => model,
    rest: t("rest"),
    input: t("input"),
    output: t("output"),
    cost: t("cost"),
  };
  const compact = new Intl.NumberFormat(i18n.language, { notation: "compact" });
  const steps = chartSteps(series, i18n.language);
  const words = { stepName: t(`stepNames.${series.by}`), tableLabel: t("chart.table", { ns: "lists" }), steps };
  const step = t(`steps.${series.by}`);
  return (
    <div className="grid grid-cols-1 gap-8">
      <section className="grid grid-cols-1 gap-3">
        <h2 className="font-semibold">{t("costChart", { step })}</h2>
        <LineChart {...words} caption={t("costChart", { step })} series={costSeries(series, write)} writeTick={(number) => formats.aboutMoney(number, "USD")} />
      </section>
      <section className="grid grid-cols-1 gap-3">
        <h2 className="font-semibold">{t("tokenChart", { step })}</h2>
        <LineChart {...words} caption={t("tokenChart", { step })} series={tokenSeries(series, write)} writeTick={(number) => compact.format(number)} />
      </section>
    </div>
  );
}

type Row = UsageSums & { id: string; name: string };

/** Which models and keys the sums are of, the dearest first; each narrows the page to itself. */
function Breakdown({ summary }: { summary: UsageTotals }) {
  const { t, i18n } = useTranslation("usage");
  const formats = useFormats();
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  const columns = (header: string, param: "model" | "key"): Column<Row>[] => [
    {
      id: "name",
      header,
      lead: true,
      cell: (row) => (
        <Link to="." search={(before: object) => ({ ...before, [param]: row.id }) as never} className="rounded-sm font-medium [overflow-wrap:anywhere] hover:underline">
          {row.name}
        </Link>
      ),
    },
    { id: "requests", header: t("requests"), align: "end", cell: (row) => formats.number(row.requests) },
    { id: "tokens", header: t("tokens"), align: "end", cell: (row) => formats.number(row.input_tokens + row.output_tokens) },
    { id: "cost", header: t("cost"), align: "end", className: "whitespace-nowrap", cell: (row) => <Money amount={row.cost} currency="USD" /> },
    {
      id: "share",
      header: t("share"),
      align: "end",
      className: "text-muted",
      cell: (row) => (Number(summary.total_cost) === 0 ? "–" : percent.format(Number(row.cost) / Number(summary.total_cost))),
    },
  ];
  const models = summary.models.map((row) => ({ ...row, id: row.model, name: row.model }));
  const keys = summary.keys.map((row) => ({ ...row, id: row.key_id, name: row.name ?? t("unknownKey") }));
  return (
    <>
      <Panel title={t("byModel")} flush>
        <div className="border-t border-line">
          <Table caption={t("byModel")} columns={columns(t("model"), "model")} rows={models} rowKey={(row) => row.id} />
        </div>
      </Panel>
      <Panel title={t("byKey")} flush>
        <div className="border-t border-line">
          <Table caption={t("byKey")} columns={columns(t("key"), "key")} rows={keys} rowKey={(row) => row.id} />
        </div>
      </Panel>
    </>
  );
}

/** The calls of the period as a file. It is made whole on the server, so that it holds exactly what is asked for. */
export function Exports({ query }: { query: Record<string, string | undefined> }) {
  const { t } = useTranslation("lists");
  const saveExport = useSaveExport();
  const toast = useToast();
  const save = useMutation({
    mutationFn: async (format: (typeof FORMATS)[number]) => {
      const name = await saveExport({ operation: `export_my_usage_as_${format}`, query, name: `waystation-usage.${format}` });
      if (name !== null) toast({ text: t("export.saved", { name }) });
    },
  });
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap gap-2">
        {FORMATS.map((format) => (
          <Button
            key={format}
            icon={<Download size={16} />}
            aria-label={t("export.label", { format: t(`export.${format}`) })}
            pending={save.isPending && save.variables === format}
            blockedBy={save.isPending ? t("export.underWay") : undefined}
            onClick={() => save.mutate(format)}
          >
            {t(`export.${format}`)}
          </Button>
        ))}
      </div>
      {save.isError && <ProblemAlert problem={save.error} />}
    </div>
  );
}
