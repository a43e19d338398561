import { useId, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { classes } from "@/kit/classes";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";

import { useDeed } from "../desk";
import { ShellAlert } from "../shell-alert";
import { PASSPHRASE_LENGTH_MIN, strengthOf, STRENGTHS } from "./passphrase-strength";

/** What may be different once sign-ins can be had, or are somewhere else. */
const CHANGES = ["secrets", "connections"] as const;

/** Opens the encrypted file. */
export function UnlockForm({ onUnlocked }: { onUnlocked?: () => void }) {
  const { t } = useTranslation("connections");
  const [passphrase, setPassphrase] = useState("");
  const unlock = useDeed({
    act: (shell) => shell.unlockPassphraseFile(passphrase),
    changes: CHANGES,
    onDone: () => {
      setPassphrase("");
      onUnlocked?.();
    },
  });
  const isWrong = unlock.error?.code === "wrong_passphrase";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (passphrase !== "" && !unlock.isPending) unlock.mutate();
  };
  return (
    <form className="grid max-w-sm gap-3" onSubmit={submit}>
      {unlock.isError && !isWrong && <ShellAlert failure={unlock.error} />}
      <Field label={t("secrets.passphrase")} error={isWrong ? t("failures.wrong_passphrase", { ns: "desk" }) : undefined}>
        <PasswordInput autoComplete="off" value={passphrase} onChange={(event) => setPassphrase(event.target.value)} />
      </Field>
      <div>
        <Button type="submit" variant="primary" pending={unlock.isPending}>
          {t("secrets.unlock")}
        </Button>
      </div>
    </form>
  );
}

type CreateDialogProps = {
  /** Whether sign-ins are somewhere else now, and are left there. */
  leavesOthers: boolean;
  onClose: () => void;
};

/** Makes the encrypted file and uses it from then on. */
export function CreateDialog({ leavesOthers, onClose }: CreateDialogProps) {
  const { t } = useTranslation("connections");
  const form = useId();
  const [passphrase, setPassphrase] = useState("");
  const [repeated, setRepeated] = useState("");
  const [wasTried, setWasTried] = useState(false);
  const create = useDeed({
    act: (shell) => shell.createPassphraseFile(passphrase),
    changes: CHANGES,
    onDone: () => {
      setPassphrase("");
      setRepeated("");
      onClose();
    },
  });
  const isWeak = [...passphrase].length < PASSPHRASE_LENGTH_MIN;
  const isDifferent = passphrase !== repeated;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setWasTried(true);
    if (!isWeak && !isDifferent && !create.isPending) create.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      size="small"
      title={t("secrets.createTitle")}
      description={t("secrets.createWhy")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
          <Button variant="primary" type="submit" form={form} pending={create.isPending}>
            {t("secrets.create")}
          </Button>
        </>
      }
    >
      <form id={form} className="grid gap-4" onSubmit={submit}>
        {create.isError && <ShellAlert failure={create.error} />}
        {leavesOthers && <p>{t("secrets.createMoves")}</p>}
        <div className="grid gap-2">
          <Field
            label={t("secrets.passphrase")}
            hint={t("secrets.passphraseHint", { count: PASSPHRASE_LENGTH_MIN })}
            error={wasTried && isWeak ? t("failures.weak_passphrase", { ns: "desk" }) : undefined}
          >
            <PasswordInput autoComplete="new-password" value={passphrase} onChange={(event) => setPassphrase(event.target.value)} />
          </Field>
          {passphrase !== "" && <Strength of={passphrase} />}
        </div>
        <Field label={t("secrets.repeat")} error={wasTried && !isWeak && isDifferent ? t("secrets.repeatWrong") : undefined}>
          <PasswordInput autoComplete="new-password" value={repeated} onChange={(event) => setRepeated(event.target.value)} />
        </Field>
      </form>
    </Dialog>
  );
}

const GROUNDS = { weak: "bg-danger", fair: "bg-warning", strong: "bg-success" } as const;

function Strength({ of: passphrase }: { of: string }) {
  const { t } = useTranslation("connections");
  const strength = strengthOf(passphrase);
  const reached = STRENGTHS.indexOf(strength);
  return (
    <div className="grid gap-1">
      <div aria-hidden="true" className="grid grid-cols-3 gap-1">
        {STRENGTHS.map((step, place) => (
          <span key={step} className={classes("h-1 rounded-full", place <= reached ? GROUNDS[strength] : "bg-line")} />
        ))}
      </div>
      <p role="status" className="text-[0.8125rem] text-muted">
        {t("secrets.strength", { strength: t(`secrets.strengths.${strength}`) })}
      </p>
    </div>
  );
}
