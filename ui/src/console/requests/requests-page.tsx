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
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { useFilter, useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { OneLine } from "@/features/one-line";
import { usePageTitle } from "@/features/page-title";
import { useRange } from "@/features/range";
import { RangeFilter } from "@/features/range-filter";
import { shortId } from "@/features/short-id";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { FilterChips } from "@/kit/filter-chips";
import { IconButton } from "@/kit/icon-button";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { Table, type Column } from "@/kit/table";

import { paths } from "../paths";
import { PersonName } from "../people/person-name";
import { PersonPicker } from "../people/person-picker";
import { SearchBox } from "../search-box";
import { STATUS_CLASSES, type RequestSearch } from "./request-search";
import { useChannelNames } from "./use-channel-names";

const PAGE = 20;

/** Every call of every user. One of them opens beside the list, under an address of its own. */
export function RequestsPage() {
  const { t } = useTranslation("traffic");
  const api = useApi();
  const filter = useFilter();
  const range = useRange("24h");
  const { model, user, channel, outcome, status, code } = useSearch({ strict: false }) as RequestSearch;
  const { id: opened } = useParams({ strict: false }) as { id?: string };
  const { cursor, page, previous, next } = useKeyset();
  const mayPick = useMay("users.read");
  const { channels, nameOf } = useChannelNames();
  usePageTitle(t("requests.title"));

  const query: NonNullable<routes["/api/admin/requests"]["get"]["parameters"]["query"]> = { ...range.bounds, model, user_id: user, channel_id: channel, status: outcome, status_class: status, error_code: code };
  const list = useQuery({
    queryKey: ["all-requests", "list", query, cursor],
    queryFn: () => take(api.GET("/api/admin/requests", { params: { query: { ...query, cursor, limit: PAGE } } })),
    placeholderData: keepPreviousData,
  });
  const chips = [
    user !== undefined && { id: "user", name: t("user"), value: shortId(user), onRemove: () => filter({ user: undefined }) },
    model !== undefined && { id: "model", name: t("model"), value: model, onRemove: () => filter({ model: undefined }) },
    channel !== undefined && { id: "channel", name: t("channel"), value: nameOf(channel) ?? shortId(channel), onRemove: () => filter({ channel: undefined }) },
    outcome !== undefined && { id: "outcome", name: t("outcome"), value: t(`statuses.${outcome}`, { ns: "requests" }), onRemove: () => filter({ outcome: undefined }) },
    status !== undefined && { id: "status", name: t("status"), value: status, onRemove: () => filter({ status: undefined }) },
    code !== undefined && { id: "code", name: t("errorCode"), value: code, onRemove: () => filter({ code: undefined }) },
  ].filter((chip) => chip !== false);
  const isFiltered = chips.length > 0 || !range.isUsual;
  const clear = () =>
    filter({ user: undefined, model: undefined, channel: undefined, outcome: undefined, status: undefined, code: undefined, range: undefined, from: undefined, until: undefined });
  return (
    <>
      <PageHeader title={t("requests.title")} description={t("requests.why")} />
      <div className="grid grid-cols-1 gap-4">
        <RangeFilter range={range} />
        <Panel flush>
          <div className="grid grid-cols-1 gap-2 border-b border-line p-3">
            <div className="grid gap-2 sm:grid-cols-2 xl:grid-cols-5">
              {mayPick && <PersonPicker value={user} clearLabel={t("requests.everybody")} onPick={(id) => filter({ user: id })} />}
              <SearchBox label={t("model")} value={model} onSearch={(text) => filter({ model: text })} />
              {channels.length > 0 && (
                <Select aria-label={t("channel")} value={channel ?? ""} onChange={(event) => filter({ channel: event.target.value })}>
                  <option value="">{t("everyChannel")}</option>
                  {channels.map(({ id, name }) => (
                    <option key={id} value={id}>
                      {name}
                    </option>
                  ))}
                </Select>
              )}
              <Select aria-label={t("outcome")} value={outcome ?? ""} onChange={(event) => filter({ outcome: event.target.value })}>
                <option value="">{t("everyOutcome", { ns: "requests" })}</option>
                {OUTCOMES.map((value) => (
                  <option key={value} value={value}>
                    {t(`statuses.${value}`, { ns: "requests" })}
                  </option>
                ))}
              </Select>
              <Select aria-label={t("status")} value={status ?? ""} onChange={(event) => filter({ status: event.target.value })}>
                <option value="">{t("everyStatus")}</option>
                {STATUS_CLASSES.map((value) => (
                  <option key={value} value={value}>
                    {value}
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
                <EmptyState icon={<ListTree size={18} />} title={t("noneFound", { ns: "requests" })} action={<Button onClick={clear}>{t("filters.clearLong", { ns: "lists" })}</Button>}>
                  {t("noneFoundWhy", { ns: "requests" })}
                </EmptyState>
              ) : (
                <EmptyState icon={<ListTree size={18} />} title={t("requests.none")}>
                  {t("requests.noneWhy")}
                </EmptyState>
              )
            }
          >
            {({ items }) => <Calls calls={items} opened={opened} />}
          </Listing>
          <Pager label={t("requests.title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
        </Panel>
      </div>
      <Outlet />
    </>
  );
}

function Calls({ calls, opened }: { calls: Request[]; opened: string | undefined }) {
  const { t, i18n } = useTranslation("traffic");
  const formats = useFormats();
  const navigate = useNavigate();
  const columns: Column<Request>[] = [
    {
      id: "time",
      header: t("time", { ns: "requests" }),
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
    {
      id: "user",
      header: t("user"),
      cell: (call) => (
        <Link to={paths.person(call.user_id)} className="block truncate rounded-sm hover:underline sm:max-w-40" title={call.user_email ?? call.user_id}>
          {call.user_email ?? <PersonName id={call.user_id} />}
        </Link>
      ),
    },
    { id: "model", header: t("model"), cell: (call) => <OneLine text={call.model} /> },
    { id: "channel", header: t("channel"), className: "text-muted", cell: (call) => <OneLine text={call.channel_name ?? (call.channel_id ? shortId(call.channel_id) : "–")} /> },
    { id: "outcome", header: t("outcome"), cell: (call) => <OutcomeBadge request={call} /> },
    { id: "tokens", header: t("tokens", { ns: "requests" }), align: "end", cell: (call) => formats.number(call.usage.input_tokens + call.usage.output_tokens) },
    { id: "cost", header: t("cost", { ns: "requests" }), align: "end", className: "whitespace-nowrap", cell: (call) => <Money amount={call.cost} currency="USD" /> },
    { id: "duration", header: t("duration", { ns: "requests" }), align: "end", className: "whitespace-nowrap text-muted", cell: (call) => writeMilliseconds(call.duration_ms, i18n.language) },
  ];
  const open = (call: Request) => void navigate({ to: paths.request(call.id), search: ((before: object) => before) as never });
  return <Table caption={t("requests.title")} columns={columns} rows={calls} rowKey={({ id }) => id} onOpen={open} />;
}
