import { useMutation, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Channel, Credential } from "@/api/schema";
import { useApi } from "@/features/services";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Dialog } from "@/kit/dialog";
import { EmptyState } from "@/kit/empty-state";
import { Field } from "@/kit/field";
import { IconButton } from "@/kit/icon-button";
import { Panel } from "@/kit/panel";
import { PasswordInput } from "@/kit/password-input";
import { useToast } from "@/kit/toast";

import { CHANNELS } from "./channels";

/** The keys of a channel: to be added and taken away, never to be read. */
export function ChannelKeys({ channel, blockedBy }: { channel: Channel; blockedBy: string | undefined }) {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const formats = useFormats();
  const [isAdding, setIsAdding] = useState(false);
  const [removed, setRemoved] = useState<Credential | null>(null);
  const remove = useMutation({
    mutationFn: ({ id }: Credential) => take(api.DELETE("/api/admin/channels/{id}/credentials/{credential}", { params: { path: { id: channel.id, credential: id } } })),
    onSuccess: async () => {
      setRemoved(null);
      await queries.invalidateQueries({ queryKey: CHANNELS });
      toast({ text: t("keys.removed") });
    },
  });
  return (
    <Panel
      title={t("keys.title")}
      description={t("keys.why")}
      flush
      actions={
        <Button size="small" blockedBy={blockedBy} onClick={() => setIsAdding(true)}>
          {t("keys.add")}
        </Button>
      }
    >
      <div className="border-t border-line">
        {channel.credentials.length === 0 ? (
          <EmptyState icon={<KeyRound size={18} />} title={t("keys.none")}>
            {t("keys.noneWhy")}
          </EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {channel.credentials.map((credential) => (
              <li key={credential.id} className="flex items-center gap-3.5 px-4 py-2 sm:px-5">
                <KeyRound size={18} aria-hidden="true" className="shrink-0 text-muted" />
                <span className="grid min-w-0 flex-1">
                  <code className="truncate font-mono text-[0.8125rem]">{credential.preview}</code>
                  <span className="text-[0.8125rem] text-muted">{t("keys.added", { date: formats.date(credential.created_at) })}</span>
                </span>
                {!credential.active && <Badge tone="warning">{t("keys.off")}</Badge>}
                {blockedBy === undefined && (
                  <IconButton label={t("keys.removeNamed", { key: credential.preview })} icon={<Trash2 size={16} />} onClick={() => setRemoved(credential)} />
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
      {isAdding && <NewKeyDialog channel={channel} onClose={() => setIsAdding(false)} />}
      <ConfirmDialog
        open={removed !== null}
        title={t("keys.removeTitle", { key: removed?.preview ?? "" })}
        consequence={t("keys.removeWhat")}
        action={t("keys.remove")}
        cancel={t("cancel", { ns: "shared" })}
        pending={remove.isPending}
        onConfirm={() => removed !== null && remove.mutate(removed)}
        onCancel={() => {
          setRemoved(null);
          remove.reset();
        }}
      >
        {remove.isError && <ProblemAlert problem={remove.error} />}
      </ConfirmDialog>
    </Panel>
  );
}

function NewKeyDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [secret, setSecret] = useState("");
  const [wasSent, setWasSent] = useState(false);
  const save = useMutation({
    mutationFn: () => take(api.POST("/api/admin/channels/{id}/credentials", { params: { path: { id: channel.id } }, body: { secret: secret.trim() } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: CHANNELS });
      toast({ text: t("keys.saved") });
      onClose();
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    if (secret.trim() !== "") save.mutate();
  };
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="channel-key" variant="primary" pending={save.isPending}>
        {t("keys.save")}
      </Button>
    </>
  );
  return (
    <Dialog open size="small" onClose={onClose} title={t("keys.addTitle")} footer={footer}>
      <form id="channel-key" className="grid gap-4" noValidate onSubmit={send}>
        {save.isError && !isOnlyOf(["secret"]) && <ProblemAlert problem={save.error} />}
        <Field label={t("new.key")} hint={t("new.keyHint")} error={refusalOf("secret") ?? (wasSent && secret.trim() === "" ? t("invalid.required", { ns: "shared" }) : undefined)}>
          <PasswordInput name="secret" autoComplete="off" value={secret} onChange={(event) => setSecret(event.target.value)} />
        </Field>
      </form>
    </Dialog>
  );
}
