import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Boxes, Ellipsis, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Channel, ChannelModel } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { useApi } from "@/features/services";
import { useProblemWords } from "@/features/problem-alert";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { IconButton } from "@/kit/icon-button";
import { Menu, MenuItem } from "@/kit/menu";
import { Panel } from "@/kit/panel";
import { useToast } from "@/kit/toast";
import { VirtualTable, type VirtualColumn } from "@/kit/virtual-table";

import { CHANNELS } from "./channels";
import { ServedModelDialog } from "./served-model-dialog";
import { SyncDialog } from "./sync-dialog";

/** Below so many, the list is as long as it is; above, only what is in sight is in the page. */
const PLAIN_MAX = 12;

type Open = { kind: "compare" } | { kind: "add" } | { kind: "edit"; model: ChannelModel };

/** What a channel serves and what its provider calls it, and how that differs from what is offered now. */
export function ChannelModels({ channel, blockedBy }: { channel: Channel; blockedBy: string | undefined }) {
  const { t } = useTranslation("channels");
  const [open, setOpen] = useState<Open | null>(null);
  const remove = useRemoval(channel);
  const menuOf = (model: ChannelModel) =>
    blockedBy === undefined && (
      <Menu trigger={<IconButton label={t("actionsOf", { name: model.name })} icon={<Ellipsis size={18} />} />}>
        <MenuItem icon={<Pencil size={16} />} onSelect={() => setOpen({ kind: "edit", model })}>
          {t("served.edit")}
        </MenuItem>
        <MenuItem icon={<Trash2 size={16} />} tone="danger" onSelect={() => remove(model)}>
          {t("served.remove")}
        </MenuItem>
      </Menu>
    );
  const columns: VirtualColumn<ChannelModel>[] = [
    { id: "name", header: t("served.name"), track: "minmax(9rem, 1fr)", cell: ({ name }) => <bdi title={name}>{name}</bdi> },
    { id: "upstream", header: t("served.upstream"), track: "minmax(9rem, 1fr)", cell: ({ name, upstream }) => <Upstream of={{ name, upstream }} /> },
    { id: "menu", header: t("actions"), track: "4rem", align: "end", cell: menuOf },
  ];
  return (
    <Panel
      title={t("sync.title")}
      description={t("sync.why")}
      flush
      actions={
        <span className="flex flex-wrap gap-2">
          <Button size="small" blockedBy={blockedBy} onClick={() => setOpen({ kind: "add" })}>
            {t("served.add")}
          </Button>
          {channel.format !== "demo" && (
            <Button size="small" blockedBy={blockedBy} onClick={() => setOpen({ kind: "compare" })}>
              {t("sync.compare")}
            </Button>
          )}
        </span>
      }
    >
      <div className="border-t border-line">
        {channel.models.length === 0 ? (
          <EmptyState icon={<Boxes size={18} />} title={t("sync.none")} />
        ) : channel.models.length <= PLAIN_MAX ? (
          <ul className="divide-y divide-line">
            {channel.models.map((model) => (
              <li key={model.name} className="flex min-h-11 items-center gap-3 px-4 py-1 sm:px-5">
                <span className="grid min-w-0 flex-1">
                  <bdi className="[overflow-wrap:anywhere]">{model.name}</bdi>
                  {model.name !== model.upstream && (
                    <span className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{t("served.calledThere", { name: model.upstream })}</span>
                  )}
                </span>
                {menuOf(model)}
              </li>
            ))}
          </ul>
        ) : (
          <VirtualTable caption={t("sync.title")} columns={columns} rows={channel.models} rowKey={({ name }) => name} className="h-96" />
        )}
      </div>
      {open?.kind === "compare" && <SyncDialog channel={channel} onClose={() => setOpen(null)} />}
      {open !== null && open.kind !== "compare" && <ServedModelDialog channel={channel} model={open.kind === "edit" ? open.model : undefined} onClose={() => setOpen(null)} />}
    </Panel>
  );
}

function Upstream({ of: { name, upstream } }: { of: ChannelModel }) {
  const { t } = useTranslation("channels");
  return name === upstream ? <span className="text-muted">{t("served.same")}</span> : <bdi title={upstream}>{upstream}</bdi>;
}

/** Takes a model out. It can be taken back, so it is done at once. */
function useRemoval(channel: Channel): (model: ChannelModel) => void {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const say = useProblemWords();
  const save = useMutation({
    mutationFn: ({ models }: { models: ChannelModel[]; removed: string | undefined }) => take(api.PATCH("/api/admin/channels/{id}", { params: { path: { id: channel.id } }, body: { models } })),
    onSuccess: async (_, { removed }) => {
      await queries.invalidateQueries({ queryKey: CHANNELS });
      if (removed === undefined) return toast({ text: t("served.back") });
      toast({ text: t("served.removed", { name: removed }), action: { label: t("undo"), run: () => save.mutate({ models: channel.models, removed: undefined }) } });
    },
    onError: (thrown) => toast({ tone: "danger", text: say(toProblem(thrown)) }),
  });
  return (model) => save.mutate({ models: channel.models.filter(({ name }) => name !== model.name), removed: model.name });
}
