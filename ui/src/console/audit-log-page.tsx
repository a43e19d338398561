import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { Download, ScrollText } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { AuditLogRow, operations } from "@/api/schema";
import { useFilter, useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { useSaveExport } from "@/features/save-export";
import { useApi } from "@/features/services";
import { useMay } from "@/features/session";
import { shortId } from "@/features/short-id";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { Field } from "@/kit/field";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Table, type Column } from "@/kit/table";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { AuditLogDialog } from "./audit-log-dialog";
import { paths } from "./paths";
import { PersonName } from "./people/person-name";
import { PersonPicker } from "./people/person-picker";
import { SearchBox } from "./search-box";

type Filters = Omit<NonNullable<operations["list_audit_logs"]["parameters"]["query"]>, "limit" | "cursor">;

export function AuditLogPage() {
  const { t } = useTranslation("console");
  const api = useApi();
  const saveExport = useSaveExport();
  const toast = useToast();
  const { actor, action, target, start_date, end_date } = useSearch({ strict: false }) as Filters;
  const { cursor, page, previous, next } = useKeyset();
  const filter = useFilter();
  const mayPick = useMay("users.read");
  const [shown, setShown] = useState<AuditLogRow | null>(null);
  usePageTitle(t("places.auditLog"));

  const filters: Filters = { actor, action, target, start_date, end_date };
  const list = useQuery({
    queryKey: ["audit-log", filters, cursor],
    queryFn: () => take(api.GET("/api/admin/audit-logs", { params: { query: { ...filters, cursor } } })),
    placeholderData: keepPreviousData,
  });
  const save = useMutation({
    mutationFn: async () => {
      const name = await saveExport({ operation: "export_audit_logs", query: filters, name: "waystation-audit-log.csv" });
      if (name !== null) toast({ text: t("export.saved", { ns: "lists", name }) });
    },
  });
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  const clear = () => filter({ actor: undefined, action: undefined, target: undefined, start_date: undefined, end_date: undefined });
  return (
    <>
      <PageHeader
        title={t("places.auditLog")}
        description={t("audit.why")}
        actions={
          <Button icon={<Download size={16} />} pending={save.isPending} onClick={() => save.mutate()}>
            {t("audit.export")}
          </Button>
        }
      />
      <div className="grid gap-4">
        {save.isError && <ProblemAlert problem={save.error} />}
        <Panel flush>
          <div className="grid items-end gap-3 border-b border-line p-3 sm:grid-cols-6 xl:grid-cols-[minmax(0,3fr)_minmax(0,3fr)_minmax(0,3fr)_minmax(0,2fr)_minmax(0,2fr)]">
            {mayPick && (
              <Field label={t("audit.actor")} className="sm:col-span-2 xl:col-span-1">
                <PersonPicker value={actor} clearLabel={t("audit.dropActor")} onPick={(id) => filter({ actor: id })} />
              </Field>
            )}
            <Labelled label={t("audit.action")} className="sm:col-span-2 xl:col-span-1">
              <SearchBox label={t("audit.actionHint")} value={action} onSearch={(text) => filter({ action: text?.toLowerCase() })} />
            </Labelled>
            <Labelled label={t("audit.target")} className="sm:col-span-2 xl:col-span-1">
              <SearchBox label={t("audit.targetHint")} value={target} onSearch={(text) => filter({ target: text })} />
            </Labelled>
            <Field label={t("audit.from")} className="sm:col-span-3 xl:col-span-1">
              <TextInput type="date" max={end_date} value={start_date ?? ""} onChange={(event) => filter({ start_date: event.target.value })} />
            </Field>
            <Field label={t("audit.to")} className="sm:col-span-3 xl:col-span-1">
              <TextInput type="date" min={start_date} value={end_date ?? ""} onChange={(event) => filter({ end_date: event.target.value })} />
            </Field>
          </div>
          <Listing
            query={list}
            isEmpty={({ items }) => items.length === 0}
            empty={
              <EmptyState
                icon={<ScrollText size={18} />}
                title={isFiltered ? t("audit.noneFound") : t("audit.none")}
                action={isFiltered && <Button onClick={clear}>{t("filters.clear")}</Button>}
              />
            }
          >
            {({ items }) => <AuditLogTable rows={items} onShow={setShown} />}
          </Listing>
          <Pager label={t("places.auditLog")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
        </Panel>
      </div>
      {shown !== null && <AuditLogDialog row={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function Labelled({ label, className, children }: { label: string; className: string; children: React.ReactNode }) {
  return (
    <div className={`grid gap-1.5 ${className}`}>
      <span aria-hidden="true" className="text-[0.8125rem] font-medium">
        {label}
      </span>
      {children}
    </div>
  );
}

function AuditLogTable({ rows, onShow }: { rows: AuditLogRow[]; onShow: (row: AuditLogRow) => void }) {
  const { t } = useTranslation("console");
  const formats = useFormats();
  const columns: Column<AuditLogRow>[] = [
    {
      id: "action",
      header: t("audit.action"),
      lead: true,
      cell: (row) => (
        <button type="button" className="rounded-sm text-start font-mono text-[0.8125rem] font-medium text-accent hover:underline" onClick={() => onShow(row)}>
          {row.action}
        </button>
      ),
    },
    {
      id: "actor",
      header: t("audit.actor"),
      cell: (row) => <Actor row={row} />,
    },
    {
      id: "target",
      header: t("audit.target"),
      cell: (row) => <Target row={row} />,
    },
    { id: "ip", header: t("audit.ip"), className: "text-muted tabular-nums", cell: (row) => row.client_ip ?? "–" },
    {
      id: "at",
      header: t("audit.at"),
      align: "end",
      className: "whitespace-nowrap text-muted",
      cell: (row) => <time dateTime={row.at}>{formats.moment(row.at)}</time>,
    },
  ];
  return <Table caption={t("places.auditLog")} columns={columns} rows={rows} rowKey={(row) => String(row.sequence)} />;
}

function Actor({ row }: { row: AuditLogRow }) {
  const { t } = useTranslation("console");
  const { id, role, kind } = row.actor;
  if (!id) return <span className="text-muted">{isKnownKind(kind) ? t(`audit.kinds.${kind}`) : kind}</span>;
  return (
    <Link to={paths.person(id)} className="inline-flex max-w-full items-baseline gap-2 rounded-sm hover:underline">
      <PersonName id={id} />
      {role && <span className="text-xs whitespace-nowrap text-muted">{t(`roles.${role}`, { ns: "shared" })}</span>}
    </Link>
  );
}

function Target({ row: { target } }: { row: AuditLogRow }) {
  if (!target) return <span className="text-muted">–</span>;
  if (target.kind === "user") {
    return (
      <Link to={paths.person(target.id)} className="rounded-sm hover:underline">
        <PersonName id={target.id} />
      </Link>
    );
  }
  return (
    <span className="font-mono text-xs" title={target.id}>
      {shortId(target.id)}
    </span>
  );
}

const KINDS = ["command", "stranger", "server", "cookie", "token"] as const;
const isKnownKind = (kind: string): kind is (typeof KINDS)[number] => (KINDS as readonly string[]).includes(kind);
