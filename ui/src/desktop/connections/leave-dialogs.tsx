import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Checkbox } from "@/kit/checkbox";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { useToast } from "@/kit/toast";

import { useDeed } from "../desk";
import { ShellAlert } from "../shell-alert";
import type { Connection } from "../shell-types";

type LeaveDialogProps = { connection: Connection; onClose: () => void };

/** Forgets a connection, and ends the session at its site if the reader wants that too. */
export function RemoveDialog({ connection, onClose }: LeaveDialogProps) {
  const { t } = useTranslation("connections");
  const toast = useToast();
  const { id, name, condition, place } = connection;
  const isSignedIn = condition === "online" || condition === "troubled";
  const [endsSession, setEndsSession] = useState(isSignedIn);
  const remove = useDeed({
    act: async (shell) => {
      if (endsSession) await shell.signOut(id);
      await shell.removeConnection(id);
    },
    changes: ["connections"],
    onDone: () => {
      toast({ text: t("remove.done", { name }) });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      open
      title={t("remove.title", { name })}
      consequence={place.kind === "this_app" ? t("remove.whatOwn") : t("remove.what")}
      action={t("remove.act")}
      cancel={t("cancel", { ns: "shared" })}
      pending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onCancel={onClose}
    >
      {remove.isError && <ShellAlert failure={remove.error} />}
      {isSignedIn && (
        <Checkbox
          label={t("remove.endSession")}
          hint={t("remove.endSessionHint")}
          checked={endsSession}
          onChange={(event) => setEndsSession(event.target.checked)}
        />
      )}
    </ConfirmDialog>
  );
}

/** Ends the session at a site and forgets what opens it. */
export function SignOutDialog({ connection, onClose }: LeaveDialogProps) {
  const { t } = useTranslation("connections");
  const toast = useToast();
  const { id, name } = connection;
  const signOut = useDeed({
    act: (shell) => shell.signOut(id),
    changes: ["connections"],
    onDone: () => {
      toast({ text: t("signOut.done", { name }) });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      open
      title={t("signOut.title", { name })}
      consequence={t("signOut.what")}
      action={t("signOut.act")}
      cancel={t("cancel", { ns: "shared" })}
      pending={signOut.isPending}
      onConfirm={() => signOut.mutate()}
      onCancel={onClose}
    >
      {signOut.isError && <ShellAlert failure={signOut.error} />}
    </ConfirmDialog>
  );
}
