import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useState, type FormEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Channel, ChannelUpdate } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { CopyId } from "@/kit/copy-id";
import { Field } from "@/kit/field";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Skeleton } from "@/kit/skeleton";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { ChannelFields, isWhole, USUAL, type ChannelSettings } from "./channel-fields";
import { ChannelKeys } from "./channel-keys";
import { ChannelModels } from "./channel-models";
import { ChannelTestPanel } from "./channel-test";
import { CHANNELS } from "./channels";
import { ChannelStateBadge } from "./channels-page";
import { useChannelSwitch } from "./use-switch";

export function ChannelPage() {
  const { t } = useTranslation("channels");
  const api = useApi();
  const { id } = useParams({ strict: false }) as { id: string };
  const channel = useQuery({
    queryKey: [...CHANNELS, "one", id],
    queryFn: () => take(api.GET("/api/admin/channels/{id}", { params: { path: { id } } })),
  });
  usePageTitle(channel.data?.name ?? t("title"));
  const back = (
    <Link to={paths.channels} className="inline-flex w-fit items-center gap-1.5 rounded-control text-[0.8125rem] text-muted hover:text-ink">
      <ArrowLeft size={14} aria-hidden="true" />
      {t("title")}
    </Link>
  );
  if (channel.isPending) return <Skeleton className="h-40" />;
  if (channel.isError) {
    const isLost = toProblem(channel.error).code === "not_found";
    return (
      <>
        <PageHeader title={isLost ? t("missing") : t("title")} back={back} />
        <ProblemAlert problem={channel.error} onRetry={isLost ? undefined : () => channel.refetch()} />
      </>
    );
  }
  return <OneChannel key={channel.data.id} channel={channel.data} back={back} />;
}

function OneChannel({ channel, back }: { channel: Channel; back: ReactNode }) {
  const { t } = useTranslation("channels");
  const mayWrite = useMay("channels.write");
  const blockedBy = mayWrite ? undefined : t("mayNotWrite");
  const change = useChannelSwitch();
  return (
    <>
      <PageHeader
        back={back}
        title={channel.name}
        description={
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <ChannelStateBadge of={channel} />
            <span>{t(`formats.${channel.format}`)}</span>
            <CopyId id={channel.id} label={t("copyId", { ns: "lists" })} />
          </span>
        }
        actions={
          <Button pending={change.isPending} blockedBy={blockedBy} onClick={() => change.mutate({ ...channel, active: !channel.active })}>
            {channel.active ? t("disable") : t("enable")}
          </Button>
        }
      />
      <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-2">
        <div className="grid min-w-0 grid-cols-1 gap-5">
          <ChannelTestPanel channel={channel} blockedBy={blockedBy} />
          <ChannelModels channel={channel} blockedBy={blockedBy} />
        </div>
        <div className="grid min-w-0 grid-cols-1 gap-5">
          {channel.format !== "demo" && <ChannelKeys channel={channel} blockedBy={blockedBy} />}
          <Panel title={t("edit.title")} description={blockedBy}>
            <ChannelForm key={channel.updated_at} channel={channel} blockedBy={blockedBy} />
          </Panel>
          <RemoveChannel channel={channel} blockedBy={blockedBy} />
        </div>
      </div>
    </>
  );
}

const FIELDS = ["name", "base_url", "priority", "weight", "on_disconnect", "allow_private_network"];

function ChannelForm({ channel, blockedBy }: { channel: Channel; blockedBy: string | undefined }) {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const saved: ChannelSettings = {
    base_url: channel.base_url, allow_private_network: channel.allow_private_network, priority: String(channel.priority), weight: String(channel.weight),
    on_disconnect: channel.on_disconnect,
  };
  const [name, setName] = useState(channel.name);
  const [settings, setSettings] = useState(saved);
  const body: ChannelUpdate = {
    ...(name.trim() !== channel.name ? { name: name.trim() } : {}),
    ...(settings.base_url.trim() !== saved.base_url ? { base_url: settings.base_url.trim() } : {}),
    ...(settings.allow_private_network !== saved.allow_private_network ? { allow_private_network: settings.allow_private_network } : {}),
    ...(settings.on_disconnect !== saved.on_disconnect ? { on_disconnect: settings.on_disconnect } : {}),
    ...(settings.priority.trim() !== saved.priority ? { priority: Number(settings.priority) } : {}),
    ...(settings.weight.trim() !== saved.weight ? { weight: Number(settings.weight) } : {}),
  };
  const save = useMutation({
    mutationFn: () => take(api.PATCH("/api/admin/channels/{id}", { params: { path: { id: channel.id } }, body })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: CHANNELS });
      toast({ text: t("edit.saved") });
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const isWrong = name.trim() === "" || !isWhole(settings.priority) || !isWhole(settings.weight);
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (blockedBy === undefined && !isWrong) save.mutate();
  };
  return (
    <form className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
      {save.isError && !isOnlyOf(FIELDS) && <ProblemAlert problem={save.error} />}
      <Field label={t("name")} error={refusalOf("name") ?? (name.trim() === "" ? t("invalid.required", { ns: "shared" }) : undefined)}>
        <TextInput name="name" maxLength={128} disabled={blockedBy !== undefined} value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
      <ChannelFields
        value={settings}
        usual={channel.format === "demo" ? USUAL : { ...USUAL, base_url: channel.base_url }}
        refusalOf={refusalOf}
        onChange={(change) => setSettings({ ...settings, ...change })}
        disabled={blockedBy !== undefined}
      />
      <Button
        type="submit"
        variant="primary"
        className="justify-self-start"
        pending={save.isPending}
        blockedBy={blockedBy ?? (Object.keys(body).length === 0 ? t("edit.unchanged") : undefined)}
      >
        {t("edit.save")}
      </Button>
    </form>
  );
}

function RemoveChannel({ channel, blockedBy }: { channel: Channel; blockedBy: string | undefined }) {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const toast = useToast();
  const [isAsked, setIsAsked] = useState(false);
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/admin/channels/{id}", { params: { path: { id: channel.id } } })),
    onSuccess: async () => {
      await navigate({ to: paths.channels });
      toast({ text: t("removed") });
      await queries.invalidateQueries({ queryKey: CHANNELS });
    },
  });
  return (
    <Panel>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 flex-1 basis-56 text-muted">{t("removeWhat")}</p>
        <Button blockedBy={blockedBy} onClick={() => setIsAsked(true)}>
          {t("remove")}
        </Button>
      </div>
      <ConfirmDialog
        open={isAsked}
        title={t("removeTitle", { name: channel.name })}
        consequence={t("removeWhat")}
        action={t("remove")}
        cancel={t("cancel", { ns: "shared" })}
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
        onCancel={() => {
          setIsAsked(false);
          remove.reset();
        }}
      >
        {remove.isError && <ProblemAlert problem={remove.error} />}
      </ConfirmDialog>
    </Panel>
  );
}
