import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Key, KeyCreated } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { useApi } from "@/features/services";
import { ProblemAlert } from "@/features/problem-alert";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Field } from "@/kit/field";
import { Select } from "@/kit/select";

const GRACES = ["0", "3600", "86400", "604800"] as const;
export type Grace = (typeof GRACES)[number];
const USUAL: Grace = "3600";

type RotateDialogProps = { rotated: Key; onRotated: (created: KeyCreated, grace: Grace) => void; onClose: () => void };

/** Gives a key a new secret. The old one goes on for as long as its programs need to be changed. */
export function RotateDialog({ rotated, onRotated, onClose }: RotateDialogProps) {
  const { t } = useTranslation("keys");
  const api = useApi();
  const [grace, setGrace] = useState<Grace>(USUAL);
  const [isPending, setIsPending] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  // The answer holds a secret, so it goes to the dialog that shows it and nowhere else.
  const rotate = async () => {
    setIsPending(true);
    setProblem(null);
    try {
      onRotated(await take(api.POST("/api/me/keys/{key}/rotate", { params: { path: { key: rotated.id } }, body: { grace_seconds: Number(grace) } })), grace);
    } catch (thrown) {
      setProblem(toProblem(thrown));
      setIsPending(false);
    }
  };
  return (
    <ConfirmDialog
      open
      title={t("rotate.title", { name: rotated.name })}
      consequence={t("rotate.what")}
      action={t("rotate.action")}
      cancel={t("cancel", { ns: "shared" })}
      tone="primary"
      pending={isPending}
      onConfirm={() => void rotate()}
      onCancel={onClose}
    >
      {problem !== null && <ProblemAlert problem={problem} />}
      <Field label={t("rotate.grace")}>
        <Select value={grace} onChange={(event) => setGrace(event.target.value as Grace)}>
          {GRACES.map((choice) => (
            <option key={choice} value={choice}>
              {t(`rotate.graces.${choice}`)}
            </option>
          ))}
        </Select>
      </Field>
    </ConfirmDialog>
  );
}
