import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { useApi } from "@/features/services";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { bodyOf, isSendable, MODEL_FIELDS, ModelFields, NEW_MODEL } from "./model-fields";
import { MODELS } from "./models";

/** Enters a model. Its price comes next, since nobody can call it before it has one. */
export function NewModelDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("catalog");
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const toast = useToast();
  const [draft, setDraft] = useState(NEW_MODEL);
  const [wasSent, setWasSent] = useState(false);
  const save = useMutation({
    mutationFn: () => take(api.POST("/api/admin/models", { body: bodyOf(draft) })),
    onSuccess: async (model) => {
      await queries.invalidateQueries({ queryKey: MODELS });
      toast({ text: t("added") });
      onClose();
      await navigate({ to: paths.model(model.id), search: { tab: "price" } as never });
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    if (isSendable(draft)) save.mutate();
  };
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="model" variant="primary" pending={save.isPending}>
        {t("add")}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={onClose} title={t("add")} footer={footer}>
      <form id="model" className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
        {save.isError && !isOnlyOf(MODEL_FIELDS) && <ProblemAlert problem={save.error} />}
        <ModelFields value={draft} refusalOf={refusalOf} wasSent={wasSent} onChange={(change) => setDraft({ ...draft, ...change })} />
      </form>
    </Dialog>
  );
}
