import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Layers, Plus, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { ModelGroup } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Dialog } from "@/kit/dialog";
import { EmptyState } from "@/kit/empty-state";
import { Field } from "@/kit/field";
import { IconButton } from "@/kit/icon-button";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { SuggestionInput } from "@/kit/suggestion-input";
import { Table, type Column } from "@/kit/table";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";
import { TokenList } from "@/kit/token-list";

import { MODELS } from "./models";

const GROUPS = ["model-groups"] as const;
const NAMED_MAX = 100;

/** Models under one name, for keys that may use some models only. */
export function ModelGroupsPage() {
  const { t } = useTranslation("catalog");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const mayWrite = useMay("models.write");
  const { cursor, page, previous, next } = useKeyset();
  const [edited, setEdited] = useState<ModelGroup | "new" | null>(null);
  const [removed, setRemoved] = useState<ModelGroup | null>(null);
  usePageTitle(t("groups.title"));
  const list = useQuery({
    queryKey: [...GROUPS, cursor],
    queryFn: () => take(api.GET("/api/admin/model-groups", { params: { query: { cursor } } })),
    placeholderData: keepPreviousData,
  });
  const remove = useMutation({
    mutationFn: ({ id }: ModelGroup) => take(api.DELETE("/api/admin/model-groups/{id}", { params: { path: { id } } })),
    onSuccess: async () => {
      setRemoved(null);
      await queries.invalidateQueries({ queryKey: GROUPS });
      toast({ text: t("groups.removed") });
    },
  });
  const add = (
    <Button variant="primary" icon={<Plus size={16} />} blockedBy={mayWrite ? undefined : t("mayNotWrite")} onClick={() => setEdited("new")}>
      {t("groups.add")}
    </Button>
  );
  const columns: Column<ModelGroup>[] = [
    {
      id: "name",
      header: t("groups.name"),
      lead: true,
      cell: (group) =>
        mayWrite ? (
          <button type="button" className="rounded-sm text-start font-medium [overflow-wrap:anywhere] hover:underline" onClick={() => setEdited(group)}>
            {group.name}
          </button>
        ) : (
          <span className="font-medium [overflow-wrap:anywhere]">{group.name}</span>
        ),
    },
    { id: "models", header: t("groups.models"), className: "text-[0.8125rem] [overflow-wrap:anywhere]", cell: ({ models }) => (models.length === 0 ? "–" : models.map(({ name }) => name).join(", ")) },
    { id: "note", header: t("groups.note"), className: "text-muted [overflow-wrap:anywhere]", cell: ({ note }) => (note === "" ? "–" : note) },
    {
      id: "remove",
      header: t("groups.remove"),
      hideHeader: true,
      align: "end",
      cell: (group) => mayWrite && <IconButton label={t("groups.removeNamed", { name: group.name })} icon={<Trash2 size={16} />} onClick={() => setRemoved(group)} />,
    },
  ];
  return (
    <>
      <PageHeader title={t("groups.title")} description={t("groups.why")} actions={add} />
      <Panel flush>
        <Listing
          query={list}
          isEmpty={({ items }) => items.length === 0}
          empty={
            <EmptyState icon={<Layers size={18} />} title={t("groups.none")} action={add}>
              {t("groups.noneWhy")}
            </EmptyState>
          }
        >
          {({ items }) => <Table caption={t("groups.title")} columns={columns} rows={items} rowKey={({ id }) => id} />}
        </Listing>
        <Pager label={t("groups.title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </Panel>
      {edited !== null && <GroupDialog group={edited === "new" ? undefined : edited} onClose={() => setEdited(null)} />}
      <ConfirmDialog
        open={removed !== null}
        title={t("groups.removeTitle", { name: removed?.name ?? "" })}
        consequence={t("groups.removeWhat")}
        action={t("groups.remove")}
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
    </>
  );
}

function GroupDialog({ group, onClose }: { group: ModelGroup | undefined; onClose: () => void }) {
  const { t } = useTranslation("catalog");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [name, setName] = useState(group?.name ?? "");
  const [note, setNote] = useState(group?.note ?? "");
  const [models, setModels] = useState(group?.models.map((model) => model.name) ?? []);
  const [wasSent, setWasSent] = useState(false);
  const known = useQuery({
    queryKey: [...MODELS, "names"],
    queryFn: () => take(api.GET("/api/admin/models", { params: { query: { limit: NAMED_MAX } } })),
    staleTime: 60_000,
  });
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), note: note.trim(), models };
      return group === undefined ? take(api.POST("/api/admin/model-groups", { body })) : take(api.PATCH("/api/admin/model-groups/{id}", { params: { path: { id: group.id } }, body }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: GROUPS });
      toast({ text: t("groups.saved") });
      onClose();
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    if (name.trim() !== "") save.mutate();
  };
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="model-group" variant="primary" pending={save.isPending}>
        {t("groups.save")}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={onClose} title={group === undefined ? t("groups.add") : group.name} footer={footer}>
      <form id="model-group" className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
        {save.isError && !isOnlyOf(["name", "note", "models"]) && <ProblemAlert problem={save.error} />}
        <Field label={t("groups.name")} error={refusalOf("name") ?? (wasSent && name.trim() === "" ? t("invalid.required", { ns: "shared" }) : undefined)}>
          <TextInput name="name" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label={t("groups.models")} error={refusalOf("models")}>
          <SuggestionInput
            value=""
            options={(known.data?.items ?? []).map((model) => model.name).filter((one) => !models.includes(one))}
            placeholder={t("groups.addModel")}
            noneText={t("noneFound")}
            free
            clears
            onChange={(one) => one !== "" && !models.includes(one) && setModels([...models, one])}
          />
        </Field>
        <TokenList label={t("groups.models")} values={models} removeLabel={(one) => t("groups.takeOut", { name: one })} onRemove={(one) => setModels(models.filter((other) => other !== one))} />
        <Field label={t("groups.note")} optional error={refusalOf("note")}>
          <TextInput name="note" autoComplete="off" value={note} onChange={(event) => setNote(event.target.value)} />
        </Field>
      </form>
    </Dialog>
  );
}
