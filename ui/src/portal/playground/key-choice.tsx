import { useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { useApi } from "@/features/services";
import { KEYS } from "@/features/own-keys";
import { ProblemAlert } from "@/features/problem-alert";
import { Button } from "@/kit/button";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";

import { holdKey, previewOf, type HeldKey } from "./held-key";

const MADE_LASTS_MS = 12 * 3_600_000;

/** Which key the playground calls with: one made for it, or one that its reader has. */
export function KeyChoice({ userId, held }: { userId: string; held: HeldKey | null }) {
  const { t } = useTranslation("playground");
  const api = useApi();
  const queries = useQueryClient();
  const [typed, setTyped] = useState("");
  const [isPending, setIsPending] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const attempt = async (act: () => Promise<void>) => {
    setIsPending(true);
    setProblem(null);
    try {
      await act();
    } catch (thrown) {
      setProblem(toProblem(thrown));
    }
    setIsPending(false);
    void queries.invalidateQueries({ queryKey: KEYS });
  };
  const make = () =>
    attempt(async () => {
      const body = { name: t("keyName"), expires_at: new Date(Date.now() + MADE_LASTS_MS).toISOString(), show_cost: true };
      const { key, secret } = await take(api.POST("/api/me/keys", { body }));
      holdKey({ userId, secret, madeId: key.id });
    });
  const forget = () =>
    attempt(async () => {
      const madeId = held?.madeId;
      holdKey(null);
      if (madeId !== undefined) await take(api.DELETE("/api/me/keys/{key}", { params: { path: { key: madeId } } }));
    });
  const use = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() !== "") holdKey({ userId, secret: typed.trim() });
    setTyped("");
  };
  return (
    <div className="grid gap-3">
      {problem !== null && <ProblemAlert problem={problem} />}
      {held !== null ? (
        <div className="flex flex-wrap items-center justify-between gap-2">
          <span className="min-w-0 font-mono text-[0.8125rem] [overflow-wrap:anywhere]">{t("inUse", { preview: previewOf(held.secret) })}</span>
          <Button size="small" pending={isPending} onClick={() => void forget()}>
            {held.madeId === undefined ? t("forget") : t("forgetMade")}
          </Button>
        </div>
      ) : (
        <>
          <div className="grid gap-1.5">
            <Button variant="primary" icon={<KeyRound size={16} />} pending={isPending} onClick={() => void make()}>
              {t("make")}
            </Button>
            <p className="text-[0.8125rem] text-muted">{t("makeWhy", { name: t("keyName") })}</p>
          </div>
          <p className="flex items-center gap-3 text-[0.8125rem] text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">{t("orType")}</p>
          <form className="grid gap-2" onSubmit={use}>
            <Field label={t("typed")} hint={t("keyWhy")}>
              <PasswordInput autoComplete="off" placeholder="sk-…" value={typed} onChange={(event) => setTyped(event.target.value)} />
            </Field>
            <Button type="submit">{t("use")}</Button>
          </form>
        </>
      )}
    </div>
  );
}
