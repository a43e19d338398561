import { Link } from "@tanstack/react-router";
import { CloudOff, KeyRound, Lock, Server, ShieldAlert } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Button, buttonLook } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { Panel } from "@/kit/panel";

import { KeyComparison } from "../connections/fingerprint";
import { useAsked, useDeed, useLocalServer } from "../desk";
import { paths } from "../paths";
import { SecretsPlace } from "../secrets/secrets-place";
import { ShellAlert } from "../shell-alert";
import type { Connection, KeyChange } from "../shell-types";
import { PairingDialog } from "./pairing-dialog";

type Trouble = "pairing" | "blocked" | "untrusted" | "secrets" | "stopped" | "offline";

const BY_CODE: Record<string, Trouble> = {
  not_paired: "pairing",
  signed_out: "pairing",
  secret_damaged: "pairing",
  key_changed: "blocked",
  untrusted: "untrusted",
  tls_policy: "untrusted",
  secrets_locked: "secrets",
  keyring_unavailable: "secrets",
  not_running: "stopped",
  no_connection: "offline",
  timed_out: "offline",
};

/** Why nothing of a site can be shown, if so: by what a call to it came to, else by what the shell last saw of it. */
export function troubleOf(connection: Connection, failureCode: string | null): Trouble | null {
  if (failureCode !== null) return BY_CODE[failureCode] ?? null;
  if (connection.place.kind === "this_app" && connection.address === null) return "stopped";
  switch (connection.condition) {
    case "needs_pairing":
      return "pairing";
    case "blocked":
      return "blocked";
    case "locked":
      return "secrets";
    case "offline":
      return "offline";
    default:
      return null;
  }
}

type ConnectionTroubleProps = {
  connection: Connection;
  trouble: Trouble;
  /** Both keys, where the call that failed told them. */
  keyChange?: KeyChange | null;
  /** Asks the site again. */
  onRetry: () => void;
};

/** What stands in place of a site's screens while none of them can be shown: why, and the one thing to do about it. */
export function ConnectionTrouble({ connection, trouble, keyChange = null, onRetry }: ConnectionTroubleProps) {
  const { t } = useTranslation("connections");
  const { name, address } = connection;
  const retry = (
    <Button variant="primary" onClick={onRetry}>
      {t("trouble.retry")}
    </Button>
  );
  switch (trouble) {
    case "pairing":
      return (
        <Shown icon={<KeyRound size={18} />} title={t("trouble.pairingTitle", { name })} action={<PairButton connection={connection} label={t("trouble.pair")} onPaired={onRetry} />}>
          {t("trouble.pairing")}
        </Shown>
      );
    case "blocked":
      return <Blocked connection={connection} keyChange={keyChange} onRetry={onRetry} />;
    case "untrusted":
      return (
        <Shown
          icon={<ShieldAlert size={18} />}
          title={t("trouble.untrustedTitle", { name })}
          action={
            <span className="flex flex-wrap justify-center gap-2">
              <PairButton connection={connection} label={t("trouble.pairAgain")} onPaired={onRetry} />
              <Button onClick={onRetry}>{t("trouble.retry")}</Button>
            </span>
          }
        >
          {t("trouble.untrusted")}
        </Shown>
      );
    case "secrets":
      return (
        <Panel>
          <div className="mx-auto grid max-w-md gap-4 py-8">
            <h1 className="flex items-center gap-2 font-medium">
              <Lock size={18} aria-hidden="true" className="text-muted" />
              {t("trouble.secretsTitle")}
            </h1>
            <SecretsPlace onReady={onRetry} />
          </div>
        </Panel>
      );
    case "stopped":
      return <Stopped name={name} onRetry={onRetry} />;
    case "offline":
      return (
        <Shown icon={<CloudOff size={18} />} title={t("trouble.offlineTitle", { name })} action={retry}>
          {t("trouble.offline", { address: address ?? "" })}
        </Shown>
      );
  }
}

/** The site shows another key: both of them, and no way but to pair again. */
function Blocked({ connection, keyChange, onRetry }: { connection: Connection; keyChange: KeyChange | null; onRetry: () => void }) {
  const { t } = useTranslation("connections");
  // What the shell saw while nobody looked it tells without the keys; asking the site once more shows them.
  const asked = useAsked("probe", (shell) => shell.api({ connection: connection.id, method: "GET", path: "/api/me", query: [], headers: {}, body: null }), [connection.id]);
  const change = keyChange ?? asked.error?.keyChange ?? null;
  return (
    <Panel>
      <div className="mx-auto grid max-w-2xl gap-4 py-6">
        <div className="grid justify-items-center gap-2 text-center">
          <span className="mb-1 grid size-10 place-items-center rounded-full bg-danger-soft text-danger">
            <ShieldAlert size={18} aria-hidden="true" />
          </span>
          <h1 className="font-medium">{t("trouble.blockedTitle", { name: connection.name })}</h1>
          <p className="max-w-md text-muted">{t("trouble.blocked")}</p>
        </div>
        {change !== null && <KeyComparison change={change} expectedLabel={t("mismatch.known")} />}
        <p className="text-center text-muted">{t("mismatch.advice")}</p>
        <div className="flex flex-wrap justify-center gap-2">
          <PairButton connection={connection} label={t("trouble.pairAgain")} onPaired={onRetry} />
        </div>
      </div>
    </Panel>
  );
}

function Stopped({ name, onRetry }: { name: string; onRetry: () => void }) {
  const { t } = useTranslation("connections");
  const local = useLocalServer();
  const start = useDeed({ act: (shell) => shell.startLocalServer(), changes: ["local-server", "connections"], onDone: onRetry });
  const isStarting = start.isPending || local.data?.server.state === "starting";
  if (local.data?.is_service === true) {
    // Two servers must not work with the same data.
    return (
      <Shown
        icon={<Server size={18} />}
        title={t("trouble.serviceTitle")}
        action={
          <Link to={paths.localServer} className={buttonLook({ variant: "primary" })}>
            {t("title", { ns: "local" })}
          </Link>
        }
      >
        {t("says.serviceAway", { ns: "local" })}
      </Shown>
    );
  }
  return (
    <div className="grid gap-4">
      {start.isError && <ShellAlert failure={start.error} />}
      <Shown
        icon={<Server size={18} />}
        title={isStarting ? t("trouble.startingTitle") : t("trouble.stoppedTitle")}
        action={
          <Button variant="primary" pending={isStarting} onClick={() => start.mutate()}>
            {t("trouble.start")}
          </Button>
        }
      >
        {t("trouble.stopped", { name })}
      </Shown>
    </div>
  );
}

function PairButton({ connection, label, onPaired }: { connection: Connection; label: string; onPaired: () => void }) {
  const [isPairing, setIsPairing] = useState(false);
  return (
    <>
      <Button variant="primary" onClick={() => setIsPairing(true)}>
        {label}
      </Button>
      {isPairing && <PairingDialog again={connection} onClose={() => setIsPairing(false)} onPaired={onPaired} />}
    </>
  );
}

function Shown({ icon, title, action, children }: { icon: ReactNode; title: string; action: ReactNode; children: ReactNode }) {
  return (
    <Panel>
      <EmptyState isPage icon={icon} title={title} action={action}>
        {children}
      </EmptyState>
    </Panel>
  );
}
