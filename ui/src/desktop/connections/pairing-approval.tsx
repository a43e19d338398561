import { ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Checkbox } from "@/kit/checkbox";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { TextInput } from "@/kit/text-input";

import { useConnections, useDeed } from "../desk";
import { SecretsPlace } from "../secrets/secrets-place";
import type { ShellFailure } from "../shell";
import type { Connection, Paired, Proposal } from "../shell-types";
import { LookFields, ProxyField, toDraft, useDraftForm, USUAL, type DraftValues } from "./draft-form";
import { Fingerprint, KeyComparison } from "./fingerprint";
import { SiteNamed } from "./site-named";

export type PairingOutcome = { paired: Paired; name: string };

type PairingApprovalProps = {
  proposal: Proposal;
  onDone: (outcome: PairingOutcome) => void;
  /** Called when the code is used up and came to nothing. */
  onFailed: (failure: ShellFailure) => void;
  onOther: () => void;
  onClose: () => void;
};

/** The reasons for which the shell keeps the code: the reader unlocks, and agrees again. */
const NEEDS_SECRETS: ReadonlySet<string> = new Set(["secrets_locked", "keyring_unavailable"]);

/** Whose invitation it is, by what the site would be known, and what to call it. Everything is filled in already. */
export function PairingApproval({ proposal, onDone, onFailed, onOther, onClose }: PairingApprovalProps) {
  const { t } = useTranslation("connections");
  const connections = useConnections().data?.connections ?? [];
  const { host, address, is_loopback, seen, expected, replaces } = proposal;
  const old = connections.find(({ id }) => id === replaces?.id);
  const isKeyNew = replaces !== null && replaces.fingerprint !== null && seen !== null && replaces.fingerprint !== seen.fingerprint;
  const [pinKey, setPinKey] = useState(false);
  const [deviceName, setDeviceName] = useState(t("pairing.device"));
  const form = useDraftForm(draftFor(proposal, old));
  const approve = useDeed({
    act: (shell, values: DraftValues) => shell.approvePairing({ draft: toDraft(values), device_name: deviceName.trim(), pin_key: pinKey }),
    changes: ["connections", "proposal"],
    onDone: (paired, { name }) => onDone({ paired, name }),
    onFailed: (failure) => !NEEDS_SECRETS.has(failure.code) && onFailed(failure),
  });
  const needsSecrets = approve.error !== null && NEEDS_SECRETS.has(approve.error.code);
  const send = form.handleSubmit((values) => approve.mutate(values));
  const isCompared = expected !== null && seen !== null;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("pairing.confirmTitle", { host })}
      description={t("pairing.confirmWhy")}
      footer={
        <>
          <Button onClick={onOther}>{t("pairing.other")}</Button>
          <Button variant="primary" pending={approve.isPending} onClick={() => void send()}>
            {isCompared ? t("pairing.pair") : t("pairing.pairTrusted")}
          </Button>
        </>
      }
    >
      <div className="grid gap-4" data-sending={approve.isPending ? "" : undefined}>
        {needsSecrets && <SecretsPlace onReady={approve.reset} />}
        <SiteNamed host={host} address={address} />
        <div className="grid gap-2 rounded-panel border border-line bg-sunken px-3.5 py-3">
          <p className="flex items-start gap-2">
            <ShieldCheck size={18} aria-hidden="true" className="mt-px shrink-0 text-success" />
            {isCompared ? t("pairing.matches") : is_loopback && seen === null ? t("pairing.loopback") : t("pairing.trusted")}
          </p>
          {seen !== null && (
            <div className="grid gap-1">
              <p className="text-[0.8125rem] text-muted">{t("pairing.fingerprint")}</p>
              <Fingerprint value={seen.fingerprint} />
            </div>
          )}
          {seen !== null && (
            <p className="text-[0.8125rem] text-muted">
              {proposal.tls?.kind === "pinned_key" || pinKey ? t("pairing.byKey") : t("pairing.bySystem")}
            </p>
          )}
        </div>
        {seen?.is_trusted === true && (
          <Checkbox label={t("pairing.pin")} hint={t("pairing.pinHint")} checked={pinKey} onChange={(event) => setPinKey(event.target.checked)} />
        )}
        {replaces !== null && <p>{t("pairing.replaces", { name: replaces.name })}</p>}
        {isKeyNew && (
          <Alert tone="warning" title={t("pairing.keyIsNew")}>
            <KeyComparison change={{ expected: replaces.fingerprint as string, found: seen.fingerprint }} expectedLabel={t("pairing.keyBefore")} />
          </Alert>
        )}
        <LookFields form={form} before={old?.write_guard} />
        <details className="grid gap-3">
          <summary className="w-fit rounded-sm text-muted hover:text-ink">{t("pairing.advanced")}</summary>
          <div className="grid gap-4 pt-3">
            <ProxyField form={form} />
            <Field label={t("pairing.deviceName")}>
              <TextInput autoComplete="off" value={deviceName} onChange={(event) => setDeviceName(event.target.value)} />
            </Field>
          </div>
        </details>
      </div>
    </Dialog>
  );
}

/** What the reader most likely means: all that was known of a site that is paired anew; else guarded, as if much depended on it. */
function draftFor({ host, is_loopback }: Proposal, old: Connection | undefined): DraftValues {
  if (old !== undefined) {
    const { name, colour, environment, write_guard, proxy } = old;
    return { name, colour, environment, write_guard, proxy: proxy ?? "" };
  }
  const environment = is_loopback ? "development" : "production";
  return { name: host.slice(0, 64), environment, ...USUAL[environment], proxy: "" };
}
