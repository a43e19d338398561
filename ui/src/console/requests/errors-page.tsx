import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { ErrorGroup, paths as routes } from "@/api/schema";
import { useApi } from "@/features/services";
import { useFilter } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { useNow } from "@/features/now";
import { usePageTitle } from "@/features/page-title";
import { useRange } from "@/features/range";
import { RangeFilter } from "@/features/range-filter";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { FilterChips } from "@/kit/filter-chips";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Table, type Column } from "@/kit/table";

import { paths } from "../paths";
import { useChannelNames } from "./use-channel-names";

type Search = { model?: string; channel?: string; code?: string };

/** The calls that failed, alike ones together, the most frequent first. */
export function ErrorsPage() {
  const { t } = useTranslation("traffic");
  const api = useApi();
  const filter = useFilter();
  const range = useRange("24h");
  const { model, channel, code } = useSearch({ strict: false }) as Search;
  const { nameOf } = useChannelNames();
  usePageTitle(t("errors.title"));
  const query: NonNullable<routes["/api/admin/errors"]["get"]["parameters"]["query"]> = { ...range.bounds, model, channel_id: channel, error_code: code };
  const list = useQuery({
    queryKey: ["errors", query],
    queryFn: () => take(api.GET("/api/admin/errors", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const chips = [
    model !== undefined && { id: "model", name: t("model"), value: model, onRemove: () => filter({ model: undefined }) },
    channel !== undefined && { id: "channel", name: t("channel"), value: nameOf(channel) ?? channel, onRemove: () => filter({ channel: undefined }) },
    code !== undefined && { id: "code", name: t("errorCode"), value: code, onRemove: () => filter({ code: undefined }) },
  ].filter((chip) => chip !== false);
  const clear = () => filter({ model: undefined, channel: undefined, code: undefined, range: undefined, from: undefined, until: undefined });
  const isFiltered = chips.length > 0 || !range.isUsual;
  return (
    <>
      <PageHeader title={t("errors.title")} description={t("errors.why")} />
      <div className="grid grid-cols-1 gap-4">
        <RangeFilter range={range} />
        <FilterChips
          label={t("filters.label", { ns: "lists" })}
          chips={chips}
          removeLabel={(name) => t("filters.remove", { ns: "lists", name })}
          clearLabel={t("filters.clear", { ns: "lists" })}
          onClear={clear}
        />
        <Panel flush>
          <Listing
            query={list}
            isEmpty={({ items }) => items.length === 0}
            empty={
              <EmptyState icon={<CircleCheck size={18} />} title={t("errors.none")} action={isFiltered && <Button onClick={clear}>{t("filters.clearLong", { ns: "lists" })}</Button>}>
                {t("errors.noneWhy")}
              </EmptyState>
            }
          >
            {({ items, is_truncated }) => (
              <>
                <Groups groups={items} />
                {is_truncated && <p className="border-t border-line px-4 py-3 text-[0.8125rem] text-muted">{t("errors.truncated")}</p>}
              </>
            )}
          </Listing>
        </Panel>
      </div>
    </>
  );
}

function Groups({ groups }: { groups: ErrorGroup[] }) {
  const { t, i18n } = useTranslation("traffic");
  const formats = useFormats();
  const now = useNow();
  const say = (group: ErrorGroup) => {
    const key = `requests:causes.${group.cause ?? "other"}.what`;
    return i18n.exists(key) ? i18n.t(key as never) : t("causes.other.what", { ns: "requests" });
  };
  const columns: Column<ErrorGroup>[] = [
    {
      id: "error",
      header: t("errors.error"),
      lead: true,
      cell: (group) => (
        <Link to={paths.request(group.example_request_id)} title={t("errors.example")} className="grid rounded-sm sm:max-w-96">
          <span className="font-medium hover:underline">{say(group)}</span>
          <span className="text-[0.8125rem] text-muted">
            <code className="font-mono">{group.error_code ?? group.status}</code> · {group.status_code}
          </span>
        </Link>
      ),
    },
    {
      id: "model",
      header: t("model"),
      cell: ({ model }) => (
        <Link to="." search={((before: object) => ({ ...before, model })) as never} className="block truncate rounded-sm hover:underline sm:max-w-44" title={model}>
          {model}
        </Link>
      ),
    },
    {
      id: "channel",
      header: t("channel"),
      cell: ({ channel_id, channel_name }) =>
        channel_id === null || channel_id === undefined ? (
          <span className="text-muted">–</span>
        ) : (
          <Link to="." search={((before: object) => ({ ...before, channel: channel_id })) as never} className="block truncate rounded-sm hover:underline sm:max-w-44">
            {channel_name ?? channel_id}
          </Link>
        ),
    },
    { id: "count", header: t("errors.count"), align: "end", cell: ({ count }) => <Badge tone="danger">{formats.number(count)}</Badge> },
    { id: "users", header: t("errors.users"), align: "end", cell: ({ users }) => formats.number(users) },
    {
      id: "last",
      header: t("errors.last"),
      align: "end",
      className: "whitespace-nowrap text-muted",
      cell: (group) => (
        <time dateTime={group.last_seen_at} title={formats.dateTimeExact(group.last_seen_at)}>
          {formats.relative(group.last_seen_at, now)}
        </time>
      ),
    },
  ];
  return (
    <Table
      caption={t("errors.title")}
      columns={columns}
      rows={groups}
      rowKey={(group) => [group.error_code, group.cause, group.status, group.status_code, group.model, group.channel_id].join("|")}
    />
  );
}
