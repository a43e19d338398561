import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { TextInput } from "@/kit/text-input";

import { toShellFailure, type ShellFailure } from "../shell";
import { ShellAlert } from "../shell-alert";
import type { Connection } from "../shell-types";
import { useWriteGuards } from "../window";

/** What keeps a name to itself in the text around it is copied along, and is in no name. */
const ISOLATES = /[\u2066-\u2069]/g;

/** Has the site's name typed before changes get through to it. What waits for that goes on then. */
export function UnlockDialog({ connection }: { connection: Connection }) {
  const { t } = useTranslation("panel");
  const guards = useWriteGuards();
  const [typed, setTyped] = useState("");
  const [isWrong, setIsWrong] = useState(false);
  const [isPending, setIsPending] = useState(false);
  const [failure, setFailure] = useState<ShellFailure | null>(null);
  const unlock = async (event: FormEvent) => {
    event.preventDefault();
    if (isPending) return;
    setIsPending(true);
    try {
      await guards.unlock(connection.id, typed.replace(ISOLATES, ""));
    } catch (thrown) {
      const refused = toShellFailure(thrown);
      setIsWrong(refused.code === "writes_locked");
      setFailure(refused.code === "writes_locked" ? null : refused);
      setIsPending(false);
    }
  };
  const footer = (
    <>
      <Button onClick={guards.turnAway}>{t("cancel", { ns: "shared" })}</Button>
      <Button variant="danger" type="submit" form="unlock" pending={isPending}>
        {t("bar.unlock")}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={guards.turnAway} size="small" title={t("unlock.title", { name: connection.name })} description={t("unlock.why")} footer={footer}>
      <form id="unlock" noValidate className="grid gap-4" onSubmit={(event) => void unlock(event)}>
        {failure !== null && <ShellAlert failure={failure} />}
        <Field label={t("unlock.type", { name: connection.name })} error={isWrong ? t("unlock.wrong") : undefined}>
          <TextInput
            autoFocus
            autoComplete="off"
            autoCapitalize="none"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setIsWrong(false);
            }}
          />
        </Field>
      </form>
    </Dialog>
  );
}
