import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Skeleton } from "@/kit/skeleton";

import { useDeed, useSecrets } from "../desk";
import { ShellAlert } from "../shell-alert";
import type { SecretsState } from "../shell-types";
import { CreateDialog, UnlockForm } from "./passphrase-forms";

type SecretsPlaceProps = {
  /** Called when the reader has made sign-ins available, to go on with what needed them. */
  onReady?: () => void;
  /** Whether the place can be changed here although sign-ins can be had. */
  canMove?: boolean;
};

/** Where sign-ins are kept, and what to do when they cannot be had. */
export function SecretsPlace({ onReady, canMove = false }: SecretsPlaceProps) {
  const secrets = useSecrets();
  if (secrets.isError) return <ShellAlert failure={secrets.error} onRetry={() => void secrets.refetch()} />;
  if (secrets.data === undefined) return <Skeleton className="h-10" />;
  return <Known state={secrets.data} onReady={onReady} canMove={canMove} onRetry={() => void secrets.refetch()} isRetrying={secrets.isFetching} />;
}

type KnownProps = SecretsPlaceProps & { state: SecretsState; onRetry: () => void; isRetrying: boolean };

function Known({ state: { place, condition, has_passphrase_file }, onReady, canMove, onRetry, isRetrying }: KnownProps) {
  const { t } = useTranslation("connections");
  const [opened, setOpened] = useState<"create" | "keyring" | "unlock" | null>(null);
  const toKeyringNow = useDeed({ act: (shell) => shell.chooseKeyring(), changes: ["secrets", "connections"], onDone: () => setOpened(null) });
  const isReady = condition === "ready";
  const retry = (
    <Button pending={isRetrying} onClick={onRetry}>
      {t("secrets.tryAgain")}
    </Button>
  );
  const toFile = (
    <Button onClick={() => setOpened(has_passphrase_file ? "unlock" : "create")}>{condition === "unavailable" ? t("secrets.create") : t("secrets.useFile")}</Button>
  );
  const toKeyring = <Button onClick={() => setOpened("keyring")}>{t("secrets.useKeyring")}</Button>;
  return (
    <div className="grid gap-4">
      {place === "keyring" && isReady && <p>{t("secrets.keyringReady")}</p>}
      {place === "passphrase_file" && isReady && <p>{t("secrets.fileReady")}</p>}
      {place === "keyring" && condition === "locked" && <Alert tone="warning">{t("secrets.keyringLocked")}</Alert>}
      {place === "keyring" && condition === "unavailable" && <Alert tone="warning">{t("secrets.keyringMissing")}</Alert>}
      {place === "passphrase_file" && !isReady && <Alert tone="warning">{t("secrets.fileLocked")}</Alert>}

      {place === "passphrase_file" && !isReady && <UnlockForm onUnlocked={onReady} />}
      {place === "keyring" && opened === "unlock" && <UnlockForm onUnlocked={onReady} />}
      <div className="flex flex-wrap gap-2 empty:hidden">
        {place === "keyring" && !isReady && retry}
        {place === "keyring" && opened !== "unlock" && (!isReady || canMove) && toFile}
        {place === "passphrase_file" && canMove && toKeyring}
      </div>

      {opened === "create" && (
        <CreateDialog
          leavesOthers={condition !== "unavailable"}
          onClose={() => {
            setOpened(null);
            onReady?.();
          }}
        />
      )}
      <ConfirmDialog
        open={opened === "keyring"}
        tone="primary"
        title={t("secrets.moveTitle")}
        consequence={t("secrets.moveWhat")}
        action={t("secrets.moveAct")}
        cancel={t("cancel", { ns: "shared" })}
        pending={toKeyringNow.isPending}
        onConfirm={() => toKeyringNow.mutate()}
        onCancel={() => setOpened(null)}
      >
        {toKeyringNow.isError && <ShellAlert failure={toKeyringNow.error} />}
      </ConfirmDialog>
    </div>
  );
}
