import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ListTree, RefreshCw } from "lucide-react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Request, paths as routes } from "@/api/schema";
import { FindCall } from "@/features/calls/find-call";
import { writeMilliseconds } from "@/features/calls/milliseconds";
import { OutcomeBadge } from "@/features/calls/outcome-badge";
import { OUTCOMES } from "@/features/calls/outcomes";
import { useApi } from "@/features/services";
import { useFilter, useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { useKeyNames } from "@/features/own-keys";
import { OneLine } from "@/features/one-line";
import { usePageTitle } from "@/features/page-title";
import { useRange } from "@/features/range";
import { RangeFilter } from "@/features/range-filter";
import { useOfferedModels } from "@/features/site";
import { useFormats } from "@/i18n/formats";
import { Button, buttonLook } from "@/kit/button";
import { SuggestionInput } from "@/kit/suggestion-input";
import { EmptyState } from "@/kit/empty-state";
import { FilterChips } from "@/kit/filter-chips";
import { IconButton } from "@/kit/icon-button";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { Table, type Column } from "@/kit/table";

import { paths } from "../paths";
import { Exports } from "../usage/usage-page";

type Search = { model?: string; key?: string; outcome?: (typeof OUTCOMES)[number] };

const PAGE = 20;

/** Every call of one's keys. One of them opens beside the list, under an address of its own. */
export function RequestsPage() {
  const { t } = useTranslation("requests");
  const api = useApi();
  const filter = useFilter();
  const range = useRange("7d");
  const { model, key, outcome } = useSearch({ strict: false }) as Search;
  const { id: opened } = useParams({ strict: false }) as { id?: string };
  const { cursor, page, previous, next } = useKeyset();
  const { keys, nameOf } = useKeyNames();
  const offered = useOfferedModels();
  usePageTitle(t("title"));

  const query: NonNullable<routes["/api/me/requests"]["get"]["parameters"]["query"]> = { ...range.bounds, model, key_id: key, status: outcome };
  const list = useQuery({
    queryKey: ["requests", "list", query, cursor],
    queryFn: () => take(api.GET("/api/me/requests", { params: { query: { ...query, cursor, limit: PAGE } } })),
    placeholderData: keepPreviousData,
  });
  const isFiltered = model !== undefined || key !== undefined || outcome !== undefined || !range.isUsual;
  const clear = () => filter({ model: undefined, key: undefined, outcome: undefined, range: undefined, from: undefined, until: undefined });
  const chips = [
    model !== undefined && { id: "model", name: t("model"), value: model, onRemove: () => filter({ model: undefined }) },
    key !== undefined && { id: "key", name: t("key"), value: nameOf(key) ?? key, onRemove: () => filter({ key: undefined }) },
    outcome !== undefined && { id: "outcome", name: t("outcome"), value: t(`statuses.${outcome}`), onRemove: () => filter({ outcome: undefined }) },
  ].filter((chip) => chip !== false);
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("why")}
        actions={<Exports query={{ ...range.bounds, model, key_id: key, status: outcome }} />}
      />
      <div className="grid gap-4">
        <RangeFilter range={range} />
        <Panel flush>
          <div className="grid gap-2 border-b border-line p-3">
            <div className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3">
              <SuggestionInput
                label={t("model")}
                value={model ?? ""}
                options={offered.data?.items.map(({ name }) => name) ?? []}
                placeholder={t("everyModel")}
                noneText={t("filters.none", { ns: "lists" })}
                free
                onChange={(value) => filter({ model: value })}
              />
              <Select aria-label={t("key")} value={key ?? ""} onChange={(event) => filter({ key: event.target.value })}>
                <option value="">{t("everyKey")}</option>
                {keys.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </Select>
              <Select aria-label={t("outcome")} value={outcome ?? ""} onChange={(event) => filter({ outcome: event.target.value })}>
                <option value="">{t("everyOutcome")}</option>
                {OUTCOMES.map((value) => (
                  <option key={value} value={value}>
                    {t(`statuses.${value}`)}
                  </option>
                ))}
              </Select>
            </div>
            <div className="flex items-center gap-2">
              <FindCall pathOf={paths.request} />
              <IconButton label={t("refresh", { ns: "lists" })} icon={<RefreshCw size={16} />} onClick={() => void list.refetch()} />
            </div>
            <FilterChips
              label={t("filters.label", { ns: "lists" })}
              chips={chips}
              removeLabel={(name) => t("filters.remove", { ns: "lists", name })}
              clearLabel={t("filters.clear", { ns: "lists" })}
              onClear={clear}
            />
          </div>
          <Listing
            query={list}
            isEmpty={({ items }) => items.length === 0}
            empty={
              isFiltered ? (
                <EmptyState icon={<ListTree size={18} />} title={t("noneFound")} action={<Button onClick={clear}>{t("filters.clearLong", { ns: "lists" })}</Button>}>
                  {t("noneFoundWhy")}
                </EmptyState>
              ) : (
                <EmptyState
                  icon={<ListTree size={18} />}
                  title={t("none")}
                  action={
                    <Link to={paths.overview} className={buttonLook({ variant: "primary" })}>
                      {t("noneAction")}
                    </Link>
                  }
                >
                  {t("noneWhy")}
                </EmptyState>
              )
            }
          >
            {({ items }) => <Calls calls={items} nameOf={(id) => nameOf(id) ?? t("unknownKey")} opened={opened} />}
          </Listing>
          <Pager label={t("title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
        </Panel>
      </div>
      <Outlet />
    </>
  );
}

function Calls({ calls, nameOf, opened }: { calls: Request[]; nameOf: (id: string) => string; opened: string | undefined }) {
  const { t, i18n } = useTranslation("requests");
  const formats = useFormats();
  const navigate = useNavigate();
  const columns: Column<Request>[] = [
    {
      id: "time",
      header: t("time"),
      lead: true,
      className: "whitespace-nowrap",
      cell: (call) => (
        <Link
          to={paths.request(call.id)}
          search={((before: object) => before) as never}
          aria-current={call.id === opened ? "true" : undefined}
          className="rounded-sm font-medium tabular-nums underline-offset-2 hover:underline"
        >
          {formats.moment(call.started_at)}
        </Link>
      ),
    },
    { id: "model", header: t("model"), cell: (call) => <OneLine text={call.model} /> },
    { id: "key", header: t("key"), className: "text-muted", cell: (call) => <OneLine text={nameOf(call.key_id)} /> },
    { id: "outcome", header: t("outcome"), cell: (call) => <OutcomeBadge request={call} /> },
    {
      id: "tokens",
      header: t("tokens"),
      align: "end",
      className: "whitespace-nowrap",
      cell: (call) => (
        <span title={t("tokensOf", { input: formats.number(call.usage.input_tokens), output: formats.number(call.usage.output_tokens) })}>
          {formats.number(call.usage.input_tokens + call.usage.output_tokens)}
        </span>
      ),
    },
    { id: "cost", header: t("cost"), align: "end", className: "whitespace-nowrap", cell: (call) => <Money amount={call.cost} currency="USD" /> },
    { id: "duration", header: t("duration"), align: "end", className: "whitespace-nowrap text-muted", cell: (call) => writeMilliseconds(call.duration_ms, i18n.language) },
  ];
  const open = (call: Request) => void navigate({ to: paths.request(call.id), search: ((before: object) => before) as never });
  return <Table caption={t("title")} columns={columns} rows={calls} rowKey={(call) => call.id} onOpen={open} />;
}
