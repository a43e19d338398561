import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { CodeBlock } from "@/kit/code-block";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { Skeleton } from "@/kit/skeleton";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { KeyComparison } from "../connections/fingerprint";
import { PairingApproval, type PairingOutcome } from "../connections/pairing-approval";
import { PairingRefused } from "../connections/pairing-refused";
import { useDeed, useProposal } from "../desk";
import { useShownPairing } from "../pairing-shown";
import { ShellAlert } from "../shell-alert";
import type { ShellFailure } from "../shell";
import type { Connection } from "../shell-types";

type PairingDialogProps = {
  /** The connection that is to be paired anew. */
  again?: Connection;
  onClose: () => void;
  /** Called with the connection's id once this device is paired; the connection is the one that is worked with then. */
  onPaired?: (id: string) => void;
};

/**
 * Pairs this device with a site: a code is pasted, or came by a link; the reader sees whose it is, and agrees. The shell
 * keeps the code, and what waits for an answer: this dialog shows that.
 */
export function PairingDialog({ again, onClose, onPaired }: PairingDialogProps) {
  const { t } = useTranslation("connections");
  const toast = useToast();
  const proposal = useProposal();
  useShownPairing();
  /** Why the last code came to nothing: it is used up, and the next one is asked for. */
  const [failure, setFailure] = useState<ShellFailure | null>(null);
  const refuse = useDeed({ act: (shell) => shell.refusePairing(), changes: ["proposal"] });
  const leave = () => {
    refuse.mutate();
    onClose();
  };
  const done = ({ paired, name }: PairingOutcome) => {
    const role = t(`roles.${paired.role as "owner"}`, { ns: "shared", defaultValue: paired.role });
    toast({ text: t("pairing.done", { name, email: paired.email, role }) });
    onClose();
    onPaired?.(paired.id);
  };
  if (proposal.data !== undefined && proposal.data !== null) {
    const another = () => {
      setFailure(null);
      refuse.mutate();
    };
    const shown = { proposal: proposal.data, onOther: another, onClose: leave };
    return proposal.data.may_pair ? <PairingApproval {...shown} onDone={done} onFailed={setFailure} /> : <PairingRefused {...shown} />;
  }
  return (
    <Dialog
      open
      onClose={leave}
      title={again === undefined ? t("pairing.title") : t("pairing.againTitle", { name: again.name })}
      description={t("pairing.why")}
      footer={<Button onClick={leave}>{t("cancel", { ns: "shared" })}</Button>}
    >
      {proposal.isPending ? (
        <Skeleton className="h-16" />
      ) : (
        <div className="grid gap-4">
          {failure !== null && <LastFailure failure={failure} />}
          <CodeField onLookedAt={() => setFailure(null)} />
          <WhereToGetOne />
        </div>
      )}
    </Dialog>
  );
}

const SETTLES_MS = 500;

/**
 * Takes the code. What is pasted is looked at right away, what is typed once its writer pauses. The code opens the site: it
 * goes with this field as soon as the shell has it.
 */
function CodeField({ onLookedAt }: { onLookedAt: () => void }) {
  const { t } = useTranslation("connections");
  const [text, setText] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const propose = useDeed({
    act: (shell, given: string) => shell.proposePairing(given),
    changes: ["proposal"],
    onDone: onLookedAt,
  });
  const openPage = useDeed({ act: (shell, address: string) => shell.openPairingPage(address) });
  const isAddress = /^\s*https?:\/\//i.test(text);
  const look = (given: string, isWhole: boolean) => {
    setText(given);
    propose.reset();
    openPage.reset();
    clearTimeout(timer.current);
    if (given.trim() === "" || /^\s*https?:/i.test(given)) return;
    if (isWhole) propose.mutate(given);
    else timer.current = setTimeout(() => propose.mutate(given), SETTLES_MS);
  };
  const isBadCode = propose.error?.code.startsWith("link_") === true;
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        look(text, true);
      }}
    >
      {openPage.isError && <ShellAlert failure={openPage.error} />}
      {propose.isError && !isBadCode && <ShellAlert failure={propose.error} onRetry={() => propose.mutate(text)} />}
      <Field
        label={t("pairing.code")}
        hint={t("pairing.codeHint")}
        error={isBadCode ? t(`failures.${propose.error?.code as "link_foreign"}`, { ns: "desk" }) : undefined}
      >
        <TextInput
          autoFocus
          autoComplete="off"
          className="font-mono"
          value={text}
          onChange={(event) => look(event.target.value, (event.nativeEvent as InputEvent).inputType === "insertFromPaste")}
        />
      </Field>
      {propose.isPending && (
        <p role="status" className="text-muted">
          {t("pairing.looking")}
        </p>
      )}
      {isAddress && (
        <Alert tone="info" live>
          <div className="grid justify-items-start gap-3">
            <p>{t("pairing.isAddress")}</p>
            <Button pending={openPage.isPending} onClick={() => openPage.mutate(text)}>
              {t("pairing.openPage")}
            </Button>
          </div>
        </Alert>
      )}
    </form>
  );
}

/** Why a code that was agreed to came to nothing. */
function LastFailure({ failure }: { failure: ShellFailure }) {
  const { t } = useTranslation("connections");
  if (failure.keyChange !== null) {
    return (
      <Alert tone="danger" live title={t("mismatch.title")}>
        <div className="grid gap-3">
          <p>{t("mismatch.why")}</p>
          <KeyComparison change={failure.keyChange} expectedLabel={t("mismatch.expected")} />
        </div>
      </Alert>
    );
  }
  if (failure.code !== "refused") return <ShellAlert failure={failure} />;
  return (
    <Alert tone="danger" live>
      <p>{t("pairing.refused")}</p>
      <p className="text-[0.8125rem] text-muted">{t("pairing.refusedSays", { message: failure.message })}</p>
    </Alert>
  );
}

function WhereToGetOne() {
  const { t } = useTranslation("connections");
  return (
    <section className="grid gap-2 rounded-panel border border-line px-3.5 py-3">
      <h3 className="font-medium">{t("pairing.where")}</h3>
      <p className="text-muted">{t("pairing.wherePortal")}</p>
      <p className="text-muted">{t("pairing.whereServer")}</p>
      <CodeBlock label={t("pairing.whereServer")} text="waystation admin pair" />
    </section>
  );
}
