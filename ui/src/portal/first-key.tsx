import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { KeyCreated } from "@/api/schema";
import { useProblemWords } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { ME, useMe } from "@/features/session";
import { SecretOnce } from "@/kit/secret-once";
import { useToast } from "@/kit/toast";

/** The key that the first sign-in makes, shown for the only time. */
export function FirstKey({ created, onSaved }: { created: KeyCreated; onSaved: () => void }) {
  const { t } = useTranslation("portal");
  return (
    <SecretOnce title={t("firstKey.title")} explanation={t("firstKey.why")} label={t("firstKey.label")} secret={created.secret} onSaved={onSaved}>
      <p className="text-[0.8125rem] text-muted">{t("firstKey.later")}</p>
    </SecretOnce>
  );
}

/**
 * Asks for the first key of somebody whose sign-in could not carry it: a provider leads back by an address, in which no
 * secret goes. Another page of the same browser may have asked before; then there is nothing to show. It stays beside
 * whatever page is shown, so that nothing takes the secret away before it is saved.
 */
export function FirstKeyDue() {
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const say = useProblemWords();
  const isDue = useMe().data?.is_first_key_due === true;
  const isAsked = useRef(false);
  const { data, mutate, reset } = useMutation({
    mutationFn: () => take(api.POST("/api/me/first-key")),
    onError: (thrown) => {
      const problem = toProblem(thrown);
      if (problem.code === "already_exists") void queries.invalidateQueries({ queryKey: ME });
      else toast({ tone: "danger", text: say(problem) });
    },
  });
  useEffect(() => {
    if (!isDue || isAsked.current) return;
    isAsked.current = true;
    mutate();
  }, [isDue, mutate]);
  const forget = () => {
    reset();
    void queries.invalidateQueries({ queryKey: ME });
  };
  return data === undefined ? null : <FirstKey created={data} onSaved={forget} />;
}
