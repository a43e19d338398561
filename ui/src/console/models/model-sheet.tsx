import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Model } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { Button } from "@/kit/button";
import { CopyId } from "@/kit/copy-id";
import { Sheet } from "@/kit/sheet";
import { SkeletonRows } from "@/kit/skeleton";
import { Tabs } from "@/kit/tabs";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { bodyOf, draftOf, isSendable, MODEL_FIELDS, ModelFields } from "./model-fields";
import { MODELS } from "./models";
import { PriceForm } from "./price-form";
import { PriceHistory } from "./price-history";

/** One model: what it is, what it costs, and who changed that when. Closing it leads back to the list as it was. */
export function ModelSheet() {
  const { t } = useTranslation("catalog");
  const api = useApi();
  const navigate = useNavigate();
  const { id } = useParams({ strict: false }) as { id: string };
  const { tab = "details" } = useSearch({ strict: false }) as { tab?: string };
  const model = useQuery({ queryKey: [...MODELS, "one", id], queryFn: () => take(api.GET("/api/admin/models/{id}", { params: { path: { id } } })) });
  const close = () => void navigate({ to: paths.models, search: ((before: object) => ({ ...before, tab: undefined })) as never });
  const show = (value: string) => void navigate({ to: ".", replace: true, search: ((before: object) => ({ ...before, tab: value === "details" ? undefined : value })) as never });
  return (
    <Sheet title={model.data?.display_name ?? t("model")} description={model.data && <CopyId id={model.data.name} label={t("copyName")} />} onClose={close}>
      {model.isPending && <SkeletonRows />}
      {model.isError && <ProblemAlert problem={model.error} onRetry={() => model.refetch()} />}
      {model.data !== undefined && (
        <Tabs
          label={t("parts")}
          value={tab}
          onChange={show}
          tabs={[
            { value: "details", label: t("tabs.details"), content: <ModelForm key={model.data.updated_at} model={model.data} /> },
            { value: "price", label: t("tabs.price"), content: <PriceForm model={model.data} onSaved={() => show("history")} /> },
            { value: "history", label: t("tabs.history"), content: <PriceHistory model={model.data} /> },
          ]}
        />
      )}
    </Sheet>
  );
}

function ModelForm({ model }: { model: Model }) {
  const { t } = useTranslation("catalog");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const mayWrite = useMay("models.write");
  const [draft, setDraft] = useState(() => draftOf(model));
  const [wasSent, setWasSent] = useState(false);
  const before = JSON.stringify(bodyOf(draftOf(model)));
  const save = useMutation({
    mutationFn: () => {
      const was = bodyOf(draftOf(model)) as Record<string, unknown>;
      const changed = Object.entries(bodyOf(draft)).filter(([name, value]) => JSON.stringify(was[name]) !== JSON.stringify(value));
      return take(api.PATCH("/api/admin/models/{id}", { params: { path: { id: model.id } }, body: Object.fromEntries(changed) }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: MODELS });
      await queries.invalidateQueries({ queryKey: ["offered-models"] });
      toast({ text: t("saved") });
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const blockedBy = !mayWrite ? t("mayNotWrite") : JSON.stringify(bodyOf(draft)) === before ? t("unchanged") : undefined;
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    if (blockedBy === undefined && isSendable(draft)) save.mutate();
  };
  return (
    <form className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
      {!mayWrite && <p className="text-muted">{t("mayNotWrite")}</p>}
      {save.isError && !isOnlyOf(MODEL_FIELDS) && <ProblemAlert problem={save.error} />}
      <ModelFields value={draft} refusalOf={refusalOf} wasSent={wasSent} disabled={!mayWrite} onChange={(change) => setDraft({ ...draft, ...change })} />
      <Button type="submit" variant="primary" className="justify-self-start" pending={save.isPending} blockedBy={blockedBy}>
        {t("save")}
      </Button>
    </form>
  );
}
