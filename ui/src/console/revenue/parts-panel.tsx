import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { RevenueReport, RevenueSums, SiteUsage, SiteUsageGroup, SiteUsageItem } from "@/api/schema";
import { useFilter } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { ProblemAlert } from "@/features/problem-alert";
import { useSaveExport } from "@/features/save-export";
import { useApi } from "@/features/services";
import { shortId } from "@/features/short-id";
import { useMay } from "@/features/session";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { Panel } from "@/kit/panel";
import { Segments } from "@/kit/segments";
import { Table, type Column } from "@/kit/table";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";

/** Which models or channels the revenue of a report comes from: exactly the time that the report is of. */
export function PartsPanel({ of: { from, until, time_zone } }: { of: RevenueReport }) {
  const { t } = useTranslation("figures");
  const api = useApi();
  const saveExport = useSaveExport();
  const filter = useFilter();
  const toast = useToast();
  const { parts: group_by = "model" } = useSearch({ strict: false }) as { parts?: SiteUsageGroup };
  const query = { group_by, time_zone, start_date: from, end_date: until };
  const usage = useQuery({
    queryKey: ["revenue", "parts", query],
    queryFn: () => take(api.GET("/api/admin/usage", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const save = useMutation({
    mutationFn: async () => {
      const name = await saveExport({ operation: "export_site_usage", query, name: `waystation-by-${group_by}.csv` });
      if (name !== null) toast({ text: t("export.saved", { ns: "lists", name }) });
    },
  });
  return (
    <Panel
      flush
      title={t(`revenue.parts.${group_by}`)}
      actions={
        <div className="flex flex-wrap items-center gap-3">
          <Segments
            label={t("revenue.parts.by")}
            value={group_by}
            options={(["model", "channel"] as const).map((value) => ({ value, label: t(`revenue.parts.names.${value}`) }))}
            onChange={(value) => filter({ parts: value === "model" ? undefined : value })}
          />
          <Button size="small" icon={<Download size={16} />} pending={save.isPending} onClick={() => save.mutate()}>
            {t("revenue.parts.save")}
          </Button>
        </div>
      }
    >
      {save.isError && (
        <div className="px-4 pb-4 sm:px-5">
          <ProblemAlert problem={save.error} />
        </div>
      )}
      <div className="border-t border-line">
        <Listing query={usage} rows={4} isEmpty={() => false} empty={null}>
          {(data) => <Parts of={data} />}
        </Listing>
      </div>
    </Panel>
  );
}

type Row = RevenueSums & { id: string; name: ReactNode };

function Parts({ of: usage }: { of: SiteUsage }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  const money = (amount: string) => <Money amount={amount} currency="USD" />;
  const nameOf = useNameOf();
  const columns: Column<Row>[] = [
    { id: "name", header: t(`revenue.parts.names.${usage.group_by}`), lead: true, className: "font-medium [overflow-wrap:anywhere]", cell: (row) => row.name },
    { id: "requests", header: t("overview.requests"), align: "end", cell: (row) => formats.number(row.requests) },
    { id: "input", header: t("revenue.parts.input"), align: "end", cell: (row) => formats.number(row.input_tokens) },
    { id: "output", header: t("revenue.parts.output"), align: "end", cell: (row) => formats.number(row.output_tokens) },
    { id: "charged", header: t("revenue.charged"), align: "end", className: "whitespace-nowrap", cell: (row) => money(row.charged) },
    { id: "list", header: t("revenue.list"), align: "end", className: "whitespace-nowrap", cell: (row) => money(row.list_cost) },
    { id: "share", header: t("revenue.parts.share"), align: "end", className: "whitespace-nowrap", cell: (row) => <Share of={row.list_cost} in={usage.total.list_cost} /> },
  ];
  const rows: Row[] = usage.items.map((item) => ({ ...item, id: item.model ?? item.channel_id ?? "", name: nameOf(item, usage.group_by) }));
  if (usage.rest) rows.push({ ...usage.rest, id: "rest", name: t("revenue.parts.rest", { count: usage.rest.parts }) });
  return <Table caption={t(`revenue.parts.${usage.group_by}`)} columns={columns} rows={rows} rowKey={(row) => row.id} />;
}

function useNameOf(): (item: SiteUsageItem, group: SiteUsageGroup) => ReactNode {
  const { t } = useTranslation("figures");
  const seesChannels = useMay("channels.read");
  return ({ model, channel_id, channel_name }, group) => {
    if (group === "model") return <bdi>{model}</bdi>;
    if (!channel_id) return t("revenue.parts.noChannel");
    if (!channel_name) return t("revenue.parts.goneChannel", { id: shortId(channel_id) });
    if (!seesChannels) return <bdi>{channel_name}</bdi>;
    return (
      <Link to={paths.channel(channel_id)} className="rounded-sm hover:underline">
        <bdi>{channel_name}</bdi>
      </Link>
    );
  };
}

/** A part of the whole as a bar beside its percentage; the bar is for the eye only. */
function Share({ of: part, in: whole }: { of: string; in: string }) {
  const { i18n } = useTranslation();
  if (Number(whole) === 0) return <span className="text-muted">–</span>;
  const share = Number(part) / Number(whole);
  return (
    <span className="inline-flex items-center justify-end gap-2">
      <svg aria-hidden="true" viewBox="0 0 100 6" preserveAspectRatio="none" className="h-1.5 w-16 overflow-hidden rounded-full bg-hover">
        <rect width={100 * share} height="6" className="fill-accent" />
      </svg>
      <span className="min-w-12">{new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 }).format(share)}</span>
    </span>
  );
}
