import { Lock, LockOpen } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { classes } from "@/kit/classes";
import { useToast } from "@/kit/toast";

import { COLOUR_GROUNDS } from "../connection-marks";
import { toShellFailure } from "../shell";
import { useShellWords } from "../shell-alert";
import type { Connection } from "../shell-types";
import { useWriteGuards } from "../window";

/** No shell leaves changes open for longer. */
const OPEN_SECONDS_MAX = 300;

const ACT = "inline-flex h-6 shrink-0 items-center gap-1.5 rounded-control border border-current px-2 text-xs font-medium whitespace-nowrap hover:underline";

/** Whether a connection has more to say above its screens than its colour. */
export function hasGuardBar({ environment, write_guard }: Connection): boolean {
  return environment === "production" || write_guard !== "open";
}

/** What is at stake at a site, and whether changes get through to it. */
export function GuardBar({ connection }: { connection: Connection }) {
  const { t } = useTranslation("panel");
  const isProduction = connection.environment === "production";
  return (
    <div className={classes("flex h-full items-center justify-between gap-3 px-4 text-[0.8125rem]", isProduction ? "bg-stake text-on-stake" : "border-b border-line bg-surface")}>
      <span className="flex min-w-0 items-center gap-2">
        {!isProduction && <span aria-hidden="true" className={classes("h-4 w-1.5 shrink-0 rounded-full", COLOUR_GROUNDS[connection.colour])} />}
        <bdi className="truncate font-semibold">{connection.name}</bdi>
        {isProduction && <span className="shrink-0">{t("bar.production")}</span>}
      </span>
      <GuardState connection={connection} />
    </div>
  );
}

function GuardState({ connection }: { connection: Connection }) {
  const { t } = useTranslation("panel");
  const guards = useWriteGuards();
  const toast = useToast();
  const say = useShellWords();
  const left = useSecondsLeft(useSyncExternalStore(guards.subscribe, guards.current).openUntil[connection.id]);
  if (connection.write_guard === "open") return null;
  if (connection.write_guard === "read_only") return <span className="truncate">{t("bar.readOnly")}</span>;
  if (left > 0) {
    const lock = () => guards.lock(connection.id).catch((thrown: unknown) => toast({ tone: "danger", text: say(toShellFailure(thrown)) }));
    return (
      <span className="flex min-w-0 items-center gap-2.5">
        <span className="truncate tabular-nums">{t("bar.open", { left: clock(left) })}</span>
        <button type="button" className={ACT} onClick={() => void lock()}>
          <Lock size={14} aria-hidden="true" />
          {t("bar.lock")}
        </button>
      </span>
    );
  }
  return (
    <span className="flex min-w-0 items-center gap-2.5">
      <span className="truncate">{t("bar.locked")}</span>
      <button type="button" className={ACT} onClick={() => void guards.ask(connection.id)}>
        <LockOpen size={14} aria-hidden="true" />
        {t("bar.unlock")}
      </button>
    </span>
  );
}

/** Counts down to a time; 0 from then on. */
function useSecondsLeft(until: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (until === undefined) return undefined;
    const timer = setInterval(() => {
      setNow(Date.now());
      if (Date.now() >= until) clearInterval(timer);
    }, 1_000);
    return () => clearInterval(timer);
  }, [until]);
  // It may have been set since the last look at the clock.
  return until === undefined ? 0 : Math.max(0, Math.min(Math.ceil((until - now) / 1_000), OPEN_SECONDS_MAX));
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
