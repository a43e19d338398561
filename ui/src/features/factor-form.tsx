import type { TFunction } from "i18next";
import { Fingerprint } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { PasskeyCancelled } from "@/api/passkeys";
import { toProblem } from "@/api/problem";
import type { ProofMethod } from "@/api/schema";
import { Button } from "@/kit/button";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";
import { TextInput } from "@/kit/text-input";

import { ProblemAlert } from "./problem-alert";

export type FactorAnswer = { method: Exclude<ProofMethod, "passkey">; value: string } | { method: "passkey" };

type FactorFormProps = {
  /** What will do; the first is offered first. */
  methods: ProofMethod[];
  pending: boolean;
  problem: Error | null;
  submitLabel: string;
  onAnswer: (answer: FactorAnswer) => void;
};

/** Takes one of the ways in which a person can prove who they are, and offers the others. */
export function FactorForm({ methods, pending, problem, submitLabel, onAnswer }: FactorFormProps) {
  const { t } = useTranslation();
  const [method, setMethod] = useState<ProofMethod>(methods[0] ?? "password");
  const [value, setValue] = useState("");
  const [isMissing, setIsMissing] = useState(false);
  const choose = (chosen: ProofMethod) => {
    setMethod(chosen);
    setValue("");
    setIsMissing(false);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (pending) return;
    const typed = method === "password" ? value : value.replace(/[\s-]/g, "");
    setIsMissing(method !== "passkey" && typed === "");
    if (method === "passkey") onAnswer({ method });
    // Recovery codes are grouped by hyphens, which their reader may leave out; the server takes both.
    else if (typed !== "") onAnswer({ method, value: method === "recovery_code" ? value.trim() : typed });
  };
  const error = isMissing ? t("invalid.required") : undefined;
  const others = methods.filter((other) => other !== method);
  return (
    <form className="grid gap-4" noValidate onSubmit={submit}>
      {problem !== null && <ProblemAlert problem={problem} words={wordsOf(problem, t)} />}
      {method === "password" && (
        <Field label={t("factor.password")} error={error}>
          <PasswordInput autoFocus autoComplete="current-password" value={value} onChange={(event) => setValue(event.target.value)} />
        </Field>
      )}
      {method === "totp" && (
        <Field label={t("factor.totp")} hint={t("factor.totpHint")} error={error}>
          <TextInput
            autoFocus
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={7}
            className="font-mono text-base tracking-[0.25em] tabular-nums"
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
        </Field>
      )}
      {method === "recovery_code" && (
        <Field label={t("factor.recoveryCode")} hint={t("factor.recoveryCodeHint")} error={error}>
          <TextInput autoFocus autoComplete="off" className="font-mono" value={value} onChange={(event) => setValue(event.target.value)} />
        </Field>
      )}
      {method === "passkey" && <p className="text-muted">{t("factor.passkeyHint")}</p>}
      <Button type="submit" variant="primary" size="large" wide pending={pending} icon={method === "passkey" ? <Fingerprint size={18} /> : undefined}>
        {method === "passkey" ? t("factor.usePasskey") : submitLabel}
      </Button>
      {others.length > 0 && (
        <div className="flex flex-wrap gap-x-4 gap-y-1">
          {others.map((other) => (
            <button
              key={other}
              type="button"
              className="rounded py-1 text-[0.8125rem] font-medium text-accent hover:underline"
              onClick={() => choose(other)}
            >
              {t(`factor.instead.${other}`)}
            </button>
          ))}
        </div>
      )}
    </form>
  );
}

function wordsOf(problem: Error, t: TFunction): string | undefined {
  if (problem instanceof PasskeyCancelled) return t("factor.passkeyCancelled");
  const { code } = toProblem(problem);
  if (code === "invalid_credentials") return t("factor.wrong");
  return code === "invalid_link" ? t("factor.over") : undefined;
}
