import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Boxes } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Channel, ModelsSynced } from "@/api/schema";
import { useApi } from "@/features/services";
import { ProblemAlert } from "@/features/problem-alert";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Checkbox } from "@/kit/checkbox";
import { Dialog } from "@/kit/dialog";
import { EmptyState } from "@/kit/empty-state";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { CHANNELS, useOutcomeWords } from "./channels";
import { Busy, Said } from "./new-channel-dialog";

/** Above so many, they can be searched. */
const PLAIN_MAX = 12;
const SHOWN_MAX = 200;

/** How what a channel serves differs from what its provider offers now, and taking over some of it. */
export function SyncDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const say = useOutcomeWords();
  const [added, setAdded] = useState<ReadonlySet<string>>(new Set());
  const [removed, setRemoved] = useState<ReadonlySet<string>>(new Set());
  const look = useQuery({
    queryKey: ["channel-sync", channel.id],
    queryFn: () => take(api.POST("/api/admin/channels/{id}/sync-models", { params: { path: { id: channel.id } }, body: {} })),
    staleTime: Infinity,
    gcTime: 0,
  });
  const run = useMutation({
    mutationFn: (body: { add: string[]; remove: string[] }) => take(api.POST("/api/admin/channels/{id}/sync-models", { params: { path: { id: channel.id } }, body })),
    onSuccess: async (answer) => {
      if (!answer.ok) return;
      await queries.invalidateQueries({ queryKey: CHANNELS });
      toast({ text: t("sync.applied") });
      onClose();
    },
  });
  // What was asked last has the last word: where applying found the provider silent, that is what is said.
  const found = run.data ?? look.data;
  const count = added.size + removed.size;
  const isSame = found?.ok === true && found.new.length === 0 && found.gone.length === 0;
  const footer = (
    <>
      <Button onClick={onClose}>{isSame ? t("sync.close") : t("cancel", { ns: "shared" })}</Button>
      {found?.ok === true && !isSame && (
        <Button variant="primary" pending={run.isPending} blockedBy={count === 0 ? t("sync.nothing") : undefined} onClick={() => run.mutate({ add: [...added], remove: [...removed] })}>
          {t("sync.apply", { count })}
        </Button>
      )}
    </>
  );
  return (
    <Dialog open size="large" onClose={onClose} title={t("sync.compare")} description={channel.name} footer={footer}>
      <div className="grid grid-cols-1 gap-5" aria-live="polite">
        {look.isPending && <Busy>{t("sync.comparing")}</Busy>}
        {look.isError && <ProblemAlert problem={look.error} onRetry={() => look.refetch()} />}
        {run.isError && <ProblemAlert problem={run.error} />}
        {found?.ok === false && (
          <Alert tone="danger" title={t("sync.failed", { why: say(found.code) })}>
            <Said text={found.message} />
          </Alert>
        )}
        {isSame && <EmptyState icon={<Boxes size={18} />} title={t("sync.same")} />}
        {found?.ok === true && <Differences of={found} added={added} removed={removed} onAdd={setAdded} onRemove={setRemoved} />}
      </div>
    </Dialog>
  );
}

type Chosen = ReadonlySet<string>;
type DifferencesProps = { of: ModelsSynced; added: Chosen; removed: Chosen; onAdd: (names: Chosen) => void; onRemove: (names: Chosen) => void };

function Differences({ of: found, added, removed, onAdd, onRemove }: DifferencesProps) {
  const { t } = useTranslation("channels");
  return (
    <>
      {found.gone.length > 0 && (
        <Choices title={t("sync.gone")} names={found.gone.map(({ name }) => ({ name }))} chosen={removed} label={(name) => t("sync.remove", { name })} onChange={onRemove} />
      )}
      {found.new.length > 0 && (
        <Choices
          title={t("sync.new")}
          names={found.new.map(({ upstream, is_known }) => ({ name: upstream, note: is_known ? undefined : t("sync.unknown") }))}
          chosen={added}
          label={(name) => t("sync.add", { name })}
          onChange={onAdd}
        />
      )}
    </>
  );
}

type ChoicesProps = { title: string; names: { name: string; note?: string | undefined }[]; chosen: Chosen; label: (name: string) => string; onChange: (names: Chosen) => void };

function Choices({ title, names, chosen, label, onChange }: ChoicesProps) {
  const { t } = useTranslation("channels");
  const [sought, setSought] = useState("");
  const found = names.filter(({ name }) => name.toLowerCase().includes(sought.trim().toLowerCase()));
  const toggle = (name: string, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(name);
    else next.delete(name);
    onChange(next);
  };
  return (
    <fieldset className="grid min-w-0 grid-cols-1 gap-2.5">
      <legend className="pb-2 font-medium">{title}</legend>
      {names.length > PLAIN_MAX && (
        <TextInput type="search" aria-label={t("sync.search", { count: names.length })} placeholder={t("sync.search", { count: names.length })} value={sought} onChange={(event) => setSought(event.target.value)} />
      )}
      {found.slice(0, SHOWN_MAX).map(({ name, note }) => (
        <Checkbox key={name} label={<span className="[overflow-wrap:anywhere]">{label(name)}</span>} hint={note} checked={chosen.has(name)} onChange={(event) => toggle(name, event.target.checked)} />
      ))}
      {found.length > SHOWN_MAX && <p className="text-[0.8125rem] text-muted">{t("more", { count: found.length - SHOWN_MAX })}</p>}
    </fieldset>
  );
}
