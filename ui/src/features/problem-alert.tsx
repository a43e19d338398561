import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { toProblem, type ApiProblem, type ProblemCode, type ShellCode } from "@/api/problem";
import type { ErrorCode } from "@/api/schema";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";

type ProblemAlertProps = {
  problem: unknown;
  /** Words that say it better here than the general ones. */
  words?: string | undefined;
  onRetry?: () => void;
};

/** Says what went wrong, when to come again, and under which number the server knows it. */
export function ProblemAlert({ problem: thrown, words, onRetry }: ProblemAlertProps) {
  const { t } = useTranslation();
  const say = useProblemWords();
  const problem = toProblem(thrown);
  const seconds = useSecondsUntil(problem.retryAt);
  if (problem.code === "withheld") return null;
  return (
    <Alert
      tone="danger"
      live
      action={
        onRetry !== undefined && (
          <Button size="small" onClick={onRetry} blockedBy={seconds > 0 ? t("problem.wait", { count: seconds }) : undefined}>
            {t("problem.retry")}
          </Button>
        )
      }
    >
      <p>{words ?? say(problem)}</p>
      {seconds > 0 && <p className="tabular-nums">{t("problem.wait", { count: seconds })}</p>}
      {SHOWS_ID.has(problem.code) && problem.requestId !== null && (
        <p className="text-[0.8125rem] text-muted">{t("problem.requestId", { id: problem.requestId })}</p>
      )}
    </Alert>
  );
}

/** Problems that somebody has to look up in the server's log. */
const SHOWS_ID: ReadonlySet<ProblemCode> = new Set(["internal_error", "unavailable", "unreadable_answer"]);

/** Gives the function that puts a problem into the reader's words. */
export function useProblemWords(): (problem: ApiProblem) => string {
  const { t, i18n } = useTranslation();
  return (problem) => {
    const { code, message } = problem;
    if (code === "withheld") return "";
    // The server names what stands in the way, in English.
    if (code === "conflict" && i18n.language === "en") return message;
    // A server may know more codes than these pages; what it says itself is in English.
    if (i18n.exists(`problem.${code}`)) return t(`problem.${code as ErrorCode}`);
    // Nor does every page know those of the app's shell.
    return i18n.exists(`failures.${code}`, { ns: "desk" }) ? t(`failures.${code as ShellCode}`, { ns: "desk", message }) : message;
  };
}

/** Counts down to a time; 0 from then on. */
function useSecondsUntil(time: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  const left = time === null ? 0 : Math.max(0, Math.ceil((time - now) / 1_000));
  useEffect(() => {
    if (left === 0) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), 1_000);
    return () => clearTimeout(timer);
  }, [left]);
  return left;
}
