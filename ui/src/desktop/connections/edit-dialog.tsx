import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { Fact, Facts } from "@/kit/facts";
import { Field } from "@/kit/field";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { useDeed } from "../desk";
import { ShellAlert } from "../shell-alert";
import type { Connection, WriteGuard } from "../shell-types";
import { LookFields, ProxyField, toDraft, useDraftForm, type DraftValues } from "./draft-form";
import { useTlsWords } from "./tls-words";

const STRENGTH: Record<WriteGuard, number> = { open: 0, locked: 1, read_only: 2 };

/** Changes what a connection is called, how it is told apart and what stands before changes. */
export function EditDialog({ connection, onClose }: { connection: Connection; onClose: () => void }) {
  const { t } = useTranslation("connections");
  const toast = useToast();
  const tlsWords = useTlsWords();
  const [typed, setTyped] = useState("");
  const { id, name, colour, environment, write_guard, proxy } = connection;
  const form = useDraftForm({ name, colour, environment, write_guard, proxy: proxy ?? "" });
  const mustUnlock = write_guard === "locked" && STRENGTH[form.watch("write_guard")] < STRENGTH.locked;
  const save = useDeed({
    act: async (shell, values: DraftValues) => {
      if (mustUnlock) await shell.openWrites(id, typed);
      await shell.updateConnection(id, toDraft(values));
    },
    changes: ["connections"],
    onDone: () => {
      toast({ text: t("edit.saved") });
      onClose();
    },
  });
  const isWrongName = save.error?.code === "writes_locked";
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("edit.title")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
          <Button variant="primary" type="submit" form="edit-connection" pending={save.isPending}>
            {t("edit.save")}
          </Button>
        </>
      }
    >
      <form id="edit-connection" className="grid gap-4" noValidate onSubmit={form.handleSubmit((values) => save.mutate(values))}>
        {save.isError && !isWrongName && <ShellAlert failure={save.error} />}
        <LookFields form={form} before={write_guard} />
        {mustUnlock && (
          <Field label={t("edit.unlock", { name })} hint={t("edit.unlockHint")} error={isWrongName ? t("edit.unlockWrong") : undefined}>
            <TextInput autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
          </Field>
        )}
        {connection.place.kind === "site" && <ProxyField form={form} />}
        <div className="grid gap-1">
          <Facts>
            {connection.address !== null && <Fact name={t("address")}>{connection.address}</Fact>}
            <Fact name={t("tls.name")}>{tlsWords(connection)}</Fact>
          </Facts>
          {connection.place.kind === "site" && <p className="text-[0.8125rem] text-muted">{t("edit.fixed")}</p>}
        </div>
      </form>
    </Dialog>
  );
}
