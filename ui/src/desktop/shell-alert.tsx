import { useTranslation } from "react-i18next";

import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";

import type { ShellFailure } from "./shell";

type ShellAlertProps = {
  failure: ShellFailure;
  /** Words that say it better here than the general ones. */
  words?: string | undefined;
  onRetry?: () => void;
};

/** Says why the shell did not do something. */
export function ShellAlert({ failure, words, onRetry }: ShellAlertProps) {
  const { t } = useTranslation();
  const say = useShellWords();
  const retry = onRetry !== undefined && (
    <Button size="small" onClick={onRetry}>
      {t("problem.retry")}
    </Button>
  );
  return (
    <Alert tone="danger" live action={retry}>
      <p>{words ?? say(failure)}</p>
    </Alert>
  );
}

/** Gives the function that puts a failure of the shell into the reader's words. */
export function useShellWords(): (failure: ShellFailure) => string {
  const { t, i18n } = useTranslation("desk");
  return ({ code, message }) => {
    // What a site says for itself goes with the words of ours that say who speaks.
    if (i18n.exists(`failures.${code}`, { ns: "desk" })) return t(`failures.${code as "refused"}`, { message });
    return message;
  };
}
