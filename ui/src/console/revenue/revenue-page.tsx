import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { ChartLine, Download } from "lucide-react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { RevenueItem, RevenuePeriod, RevenueReport, paths as routes } from "@/api/schema";
import { useApi } from "@/features/services";
import { useFilter } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { localZone, useRange } from "@/features/range";
import { RangeFilter } from "@/features/range-filter";
import { useSaveExport } from "@/features/save-export";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { lookAt } from "@/kit/chart-look";
import { EmptyState } from "@/kit/empty-state";
import { LineChart, type ChartSeries } from "@/kit/line-chart";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Segments } from "@/kit/segments";
import { Stat, Stats } from "@/kit/stat";
import { Table, type Column } from "@/kit/table";
import { useToast } from "@/kit/toast";

import { PartsPanel } from "./parts-panel";

/** What was earned, by day or month. */
export function RevenuePage() {
  const { t, i18n } = useTranslation("figures");
  const api = useApi();
  const saveExport = useSaveExport();
  const filter = useFilter();
  const toast = useToast();
  const range = useRange("30d");
  const { by = "day" } = useSearch({ strict: false }) as { by?: RevenuePeriod };
  usePageTitle(t("revenue.title"));
  const time_zone = localZone(i18n.language).name;
  // By month the server's own span is meant: the last twelve of them.
  const query: NonNullable<routes["/api/admin/revenue"]["get"]["parameters"]["query"]> = by === "month" ? { by, time_zone } : { by, time_zone, ...range.bounds };
  const revenue = useQuery({
    queryKey: ["revenue", query],
    queryFn: () => take(api.GET("/api/admin/revenue", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const save = useMutation({
    mutationFn: async () => {
      const name = await saveExport({ operation: "export_revenue", query, name: "waystation-revenue.csv" });
      if (name !== null) toast({ text: t("export.saved", { ns: "lists", name }) });
    },
  });
  return (
    <>
      <PageHeader
        title={t("revenue.title")}
        description={t("revenue.why")}
        actions={
          <Button icon={<Download size={16} />} pending={save.isPending} onClick={() => save.mutate()}>
            {t("revenue.export")}
          </Button>
        }
      />
      <div className="grid grid-cols-1 gap-5">
        <div className="flex flex-wrap items-center gap-3">
          <Segments
            label={t("revenue.by")}
            value={by}
            options={(["day", "month"] as const).map((value) => ({ value, label: t(`revenue.bys.${value}`) }))}
            onChange={(value) => filter({ by: value === "day" ? undefined : value, range: undefined, from: undefined, until: undefined })}
          />
          {by === "day" && <RangeFilter range={range} />}
        </div>
        {save.isError && <ProblemAlert problem={save.error} />}
        <Listing query={revenue} isEmpty={() => false} empty={null}>
          {(data) => <Report of={data} />}
        </Listing>
      </div>
    </>
  );
}

function Report({ of: revenue }: { of: RevenueReport }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  const { total, items } = revenue;
  const money = (amount: string) => <Money amount={amount} currency="USD" />;
  const known = (amount: string | null | undefined) => (amount === null || amount === undefined ? <span className="text-muted">–</span> : money(amount));
  const columns: Column<RevenueItem>[] = [
    { id: "period", header: t(`revenue.periods.${revenue.by}`), lead: true, className: "font-medium whitespace-nowrap", cell: ({ period }) => period },
    { id: "requests", header: t("overview.requests"), align: "end", cell: (row) => formats.number(row.requests) },
    { id: "tokens", header: t("overview.tokens"), align: "end", cell: (row) => formats.number(row.input_tokens + row.output_tokens) },
    { id: "charged", header: t("revenue.charged"), align: "end", className: "whitespace-nowrap", cell: (row) => money(row.charged) },
    { id: "gift", header: t("revenue.gift"), align: "end", className: "whitespace-nowrap text-muted", cell: (row) => money(row.gift_paid) },
    { id: "list", header: t("revenue.list"), align: "end", className: "whitespace-nowrap", cell: (row) => money(row.list_cost) },
    { id: "loss", header: t("revenue.loss"), align: "end", className: "whitespace-nowrap", cell: (row) => money(row.operator_loss) },
    { id: "margin", header: t("revenue.margin"), align: "end", className: "whitespace-nowrap", cell: (row) => known(row.margin) },
  ];
  return (
    <>
      <Panel>
        <Stats>
          <Stat label={t("revenue.charged")} note={<>{t("revenue.gift")} {money(total.gift_paid)}</>}>{money(total.charged)}</Stat>
          <Stat label={t("revenue.list")} note={<>{t("revenue.granted")} {money(total.granted)}</>}>{money(total.list_cost)}</Stat>
          <Stat label={t("revenue.loss")}>{money(total.operator_loss)}</Stat>
          <Stat label={t("revenue.margin")} note={total.margin === null || total.margin === undefined ? t("revenue.notKnown") : undefined}>{known(total.margin)}</Stat>
        </Stats>
      </Panel>
      {total.requests === 0 ? (
        <Panel>
          <EmptyState icon={<ChartLine size={18} />} title={t("revenue.none")}>
            {t("revenue.noneWhy")}
          </EmptyState>
        </Panel>
      ) : (
        <>
          <Panel>
            <Chart of={revenue} />
          </Panel>
          <PartsPanel of={revenue} />
          <Panel flush>
            <Table caption={t("revenue.title")} columns={columns} rows={[...items].sort((one, other) => other.at.localeCompare(one.at))} rowKey={({ period }) => period} />
          </Panel>
        </>
      )}
    </>
  );
}

function Chart({ of: revenue }: { of: RevenueReport }) {
  const { t, i18n } = useTranslation("figures");
  const formats = useFormats();
  const isDay = revenue.by === "day";
  const short = new Intl.DateTimeFormat(i18n.language, isDay ? { month: "numeric", day: "numeric", timeZone: "UTC" } : { year: "2-digit", month: "short", timeZone: "UTC" });
  const full = new Intl.DateTimeFormat(i18n.language, isDay ? { dateStyle: "medium", timeZone: "UTC" } : { year: "numeric", month: "long", timeZone: "UTC" });
  // A period is the same wherever it is read, so it is taken from its name and not from the moment it begins.
  const dateOf = (period: string) => new Date(isDay ? `${period}T00:00:00Z` : `${period}-01T00:00:00Z`);
  const line = (id: "charged" | "operator_loss", name: string, place: number): ChartSeries => ({
    id, name, look: lookAt(place), total: formats.money(revenue.total[id], "USD"),
    values: revenue.items.map((item) => ({ number: Number(item[id]), text: formats.money(item[id], "USD") })),
  });
  return (
    <LineChart
      caption={t("revenue.chart")}
      stepName={t(`revenue.periods.${revenue.by}`)}
      tableLabel={t("chart.table", { ns: "lists" })}
      steps={revenue.items.map(({ at, period }) => ({ id: at, short: short.format(dateOf(period)), full: full.format(dateOf(period)) }))}
      series={[line("charged", t("revenue.charged"), 0), line("operator_loss", t("revenue.loss"), 1)]}
      writeTick={(number) => formats.aboutMoney(number, "USD")}
    />
  );
}
