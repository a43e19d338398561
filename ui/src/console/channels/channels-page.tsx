import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Ellipsis, Pencil, Plus, Power, Radio, Stethoscope } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Channel } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { writeMilliseconds } from "@/features/calls/milliseconds";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { useFilter, useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { useNow } from "@/features/now";
import { usePageTitle } from "@/features/page-title";
import { useProblemWords } from "@/features/problem-alert";
import { useFormats } from "@/i18n/formats";
import { isolate } from "@/i18n/isolate";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { IconButton } from "@/kit/icon-button";
import { Menu, MenuItem } from "@/kit/menu";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Table, type Column } from "@/kit/table";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { SearchBox } from "../search-box";
import { byUrgency, CHANNELS, stateOf, useOutcomeWords } from "./channels";
import { NewChannelDialog } from "./new-channel-dialog";
import { useChannelSwitch } from "./use-switch";

const PAGE = 100;
const NAMED_MODELS = 2;
const TONES = { failing: "danger", untested: "warning", works: "success", off: "neutral" } as const;

export function ChannelsPage() {
  const { t } = useTranslation("channels");
  const api = useApi();
  const mayWrite = useMay("channels.write");
  const { q } = useSearch({ strict: false }) as { q?: string };
  const filter = useFilter();
  const { cursor, page, previous, next } = useKeyset();
  const [isAdding, setIsAdding] = useState(false);
  usePageTitle(t("title"));
  const list = useQuery({
    queryKey: [...CHANNELS, "list", { q, cursor }],
    queryFn: () => take(api.GET("/api/admin/channels", { params: { query: { q, cursor, limit: PAGE } } })),
    placeholderData: keepPreviousData,
  });
  const add = (
    <Button variant="primary" icon={<Plus size={16} />} blockedBy={mayWrite ? undefined : t("mayNotWrite")} onClick={() => setIsAdding(true)}>
      {t("add")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} actions={add} />
      <Panel flush>
        <div className="border-b border-line p-3">
          <SearchBox label={t("search")} value={q} onSearch={(text) => filter({ q: text })} />
        </div>
        <Listing
          query={list}
          isEmpty={({ items }) => items.length === 0}
          empty={
            q === undefined ? (
              <EmptyState icon={<Radio size={18} />} title={t("none")} action={add}>
                {t("noneWhy")}
              </EmptyState>
            ) : (
              <EmptyState icon={<Radio size={18} />} title={t("noneFound")} action={<Button onClick={() => filter({ q: undefined })}>{t("filters.clear", { ns: "console" })}</Button>} />
            )
          }
        >
          {({ items }) => <Channels channels={byUrgency(items)} mayWrite={mayWrite} />}
        </Listing>
        <Pager label={t("title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </Panel>
      {isAdding && <NewChannelDialog onClose={() => setIsAdding(false)} />}
    </>
  );
}

function Channels({ channels, mayWrite }: { channels: Channel[]; mayWrite: boolean }) {
  const { t } = useTranslation("channels");
  const columns: Column<Channel>[] = [
    {
      id: "name",
      header: t("name"),
      lead: true,
      cell: (channel) => (
        <Link to={paths.channel(channel.id)} className="grid rounded-sm sm:max-w-64">
          <span className="truncate font-medium hover:underline">{channel.name}</span>
          <span className="truncate text-[0.8125rem] text-muted">{channel.base_url === "" ? channel.format : channel.base_url}</span>
        </Link>
      ),
    },
    { id: "state", header: t("state"), cell: (channel) => <ChannelStateBadge of={channel} /> },
    {
      id: "models",
      header: t("models"),
      className: "text-[0.8125rem]",
      cell: ({ models }) => (
        <span className="block truncate sm:max-w-56" title={models.map(({ name }) => name).join("\n")}>
          {models.slice(0, NAMED_MODELS).map(({ name }) => isolate(name)).join(", ")}
          {models.length > NAMED_MODELS && <span className="text-muted"> {t("more", { count: models.length - NAMED_MODELS })}</span>}
          {models.length === 0 && "–"}
        </span>
      ),
    },
    { id: "test", header: t("lastTest"), className: "text-[0.8125rem]", cell: (channel) => <LastTest of={channel} /> },
    { id: "priority", header: t("priority"), align: "end", cell: ({ priority }) => priority },
    { id: "menu", header: t("actions"), hideHeader: true, align: "end", cell: (channel) => <ChannelMenu of={channel} mayWrite={mayWrite} /> },
  ];
  return <Table caption={t("title")} columns={columns} rows={channels} rowKey={({ id }) => id} />;
}

export function ChannelStateBadge({ of: channel }: { of: Channel }) {
  const { t } = useTranslation("channels");
  const state = stateOf(channel);
  return <Badge tone={TONES[state]}>{t(`states.${state}`)}</Badge>;
}

export function LastTest({ of: channel }: { of: Channel }) {
  const { t, i18n } = useTranslation("channels");
  const formats = useFormats();
  const now = useNow();
  const say = useOutcomeWords();
  const test = channel.last_test;
  if (test === null || test === undefined) return <span className="text-muted">{t("never")}</span>;
  return (
    <span className="grid" title={formats.dateTimeExact(test.at)}>
      <span>{test.ok ? writeMilliseconds(test.latency_ms, i18n.language) : say(test.code)}</span>
      <span className="text-muted">{formats.relative(test.at, now)}</span>
    </span>
  );
}

function ChannelMenu({ of: channel, mayWrite }: { of: Channel; mayWrite: boolean }) {
  const { t } = useTranslation("channels");
  const api = useApi();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toast = useToast();
  const say = useProblemWords();
  const sayOutcome = useOutcomeWords();
  const change = useChannelSwitch();
  const blocked = mayWrite ? undefined : t("mayNotWrite");
  const test = useMutation({
    mutationFn: () => take(api.POST("/api/admin/channels/{id}/test", { params: { path: { id: channel.id } }, body: {} })),
    onSuccess: async ({ results }) => {
      await queries.invalidateQueries({ queryKey: CHANNELS });
      const failed = results.find(({ ok }) => !ok);
      toast(failed === undefined ? { text: t("tested", { name: channel.name }) } : { tone: "danger", text: t("testFailed", { name: channel.name, why: sayOutcome(failed.code) }) });
    },
    onError: (thrown) => toast({ tone: "danger", text: say(toProblem(thrown)) }),
  });
  return (
    <Menu trigger={<IconButton className="ms-auto" label={t("actionsOf", { name: channel.name })} icon={<Ellipsis size={18} />} aria-busy={test.isPending || undefined} />}>
      <MenuItem icon={<Pencil size={16} />} onSelect={() => void navigate({ to: paths.channel(channel.id) })}>
        {t("open")}
      </MenuItem>
      <MenuItem icon={<Stethoscope size={16} />} disabled={!mayWrite} hint={blocked} onSelect={() => test.mutate()}>
        {t("test")}
      </MenuItem>
      <MenuItem icon={<Power size={16} />} disabled={!mayWrite} hint={blocked} onSelect={() => change.mutate({ ...channel, active: !channel.active })}>
        {channel.active ? t("disable") : t("enable")}
      </MenuItem>
    </Menu>
  );
}
