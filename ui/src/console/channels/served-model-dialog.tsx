import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Channel, ChannelModel } from "@/api/schema";
import { useApi } from "@/features/services";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { CHANNELS } from "./channels";

type ServedModelDialogProps = {
  channel: Channel;
  /** What is changed; a further model where it is not given. */
  model: ChannelModel | undefined;
  onClose: () => void;
};

/** What users ask for, and what the provider calls it. */
export function ServedModelDialog({ channel, model, onClose }: ServedModelDialogProps) {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [name, setName] = useState(model?.name ?? "");
  const [upstream, setUpstream] = useState(model === undefined || model.upstream === model.name ? "" : model.upstream);
  const [wasSent, setWasSent] = useState(false);
  const others = channel.models.filter((one) => one.name !== model?.name);
  const isMissing = name.trim() === "";
  const isTaken = others.some((one) => one.name === name.trim());
  const save = useMutation({
    mutationFn: () => {
      const changed: ChannelModel = { name: name.trim(), upstream: upstream.trim() === "" ? name.trim() : upstream.trim() };
      // It keeps its place among the others.
      const models = model === undefined ? [...channel.models, changed] : channel.models.map((one) => (one.name === model.name ? changed : one));
      return take(api.PATCH("/api/admin/channels/{id}", { params: { path: { id: channel.id } }, body: { models } }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: CHANNELS });
      toast({ text: t("sync.applied") });
      onClose();
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    if (!isMissing && !isTaken) save.mutate();
  };
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="served-model" variant="primary" pending={save.isPending}>
        {model === undefined ? t("served.add") : t("edit.save")}
      </Button>
    </>
  );
  const nameError = isTaken ? t("served.taken") : wasSent && isMissing ? t("invalid.required", { ns: "shared" }) : refusalOf("models");
  return (
    <Dialog open size="small" onClose={onClose} title={model === undefined ? t("served.add") : t("served.editNamed", { name: model.name })} footer={footer}>
      <form id="served-model" className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
        {save.isError && !isOnlyOf(["models"]) && <ProblemAlert problem={save.error} />}
        <Field label={t("served.name")} hint={t("served.nameHint")} error={nameError}>
          <TextInput name="name" autoComplete="off" maxLength={191} value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label={t("served.upstream")} hint={t("served.upstreamHint")} optional>
          <TextInput name="upstream" autoComplete="off" maxLength={191} placeholder={name.trim()} value={upstream} onChange={(event) => setUpstream(event.target.value)} />
        </Field>
      </form>
    </Dialog>
  );
}
