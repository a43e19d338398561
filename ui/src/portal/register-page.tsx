import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { MailCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { fields, given, PASSWORD_LENGTH_MIN, useProblemForm } from "@/features/form";
import { useHashOnce } from "@/features/hash";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { closestLanguage } from "@/i18n/language";
import { Alert } from "@/kit/alert";
import { Button, buttonLook } from "@/kit/button";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";
import { TextInput } from "@/kit/text-input";

import { paths } from "./paths";
import { ProviderButtons } from "./sign-in-page";
import { useReception } from "./signed-in";
import { linkLook, StrangerPanel } from "./stranger-panel";

const schema = z.object({ email: fields.email(), display_name: fields.name(), password: fields.newPassword() });

export function RegisterPage() {
  const { t, i18n } = useTranslation("portal");
  const api = useApi();
  const invite = useHashOnce().get("invite");
  const [outcome, setOutcome] = useState<{ next: "open_mail" | "sign_in"; email: string } | null>(null);
  const { receive, firstKey } = useReception(undefined);
  const providers = useQuery({ queryKey: ["providers"], queryFn: () => take(api.GET("/api/auth/oauth")), staleTime: Infinity });
  const { register, submit, errorOf, problem, isSubmitting } = useProblemForm(schema, { email: "", display_name: "", password: "" });

  const send = submit(async ({ email, display_name, password }) => {
    const body = { email, password, locale: closestLanguage(i18n.language), ...given("display_name", display_name), ...(invite === null ? {} : { invite }) };
    const { next } = await take(api.POST("/api/auth/register", { body }));
    if (next === "open_mail") return setOutcome({ next, email });
    // Nothing more is asked of whoever is new. Whoever was known already has another password, and signs in.
    try {
      receive(await take(api.POST("/api/auth/login", { body: { login: email, password } })));
    } catch (thrown) {
      if (toProblem(thrown).code !== "invalid_credentials") throw thrown;
      setOutcome({ next, email });
    }
  });

  if (outcome !== null) {
    const isMail = outcome.next === "open_mail";
    return (
      <StrangerPanel
        title={isMail ? t("register.mailTitle") : t("register.doneTitle")}
        description={isMail ? t("register.mail", { email: outcome.email }) : t("register.done")}
      >
        {isMail && (
          <div className="flex items-start gap-3 text-muted">
            <MailCheck size={20} aria-hidden="true" className="mt-0.5 shrink-0 text-accent" />
            <p>{t("register.mailHint")}</p>
          </div>
        )}
        <Link to={paths.signIn} className={buttonLook({ variant: isMail ? "secondary" : "primary", size: "large", wide: true })}>
          {t("signIn.title")}
        </Link>
      </StrangerPanel>
    );
  }
  return (
    <StrangerPanel
      title={t("register.title")}
      below={
        <>
          {t("register.known")}{" "}
          <Link to={paths.signIn} className={linkLook}>
            {t("signIn.title")}
          </Link>
        </>
      }
    >
      {invite !== null && <Alert tone="info">{t("register.invited")}</Alert>}
      {problem !== null && (
        <ProblemAlert
          problem={problem}
          words={problem.code === "registration_closed" ? t("register.closed") : problem.code === "invalid_link" ? t("register.inviteOver") : undefined}
        />
      )}
      <form className="grid gap-4" noValidate onSubmit={send}>
        <Field label={t("fields.email")} error={errorOf("email")}>
          <TextInput type="email" autoFocus autoComplete="email" {...register("email")} />
        </Field>
        <Field label={t("fields.displayName")} optional error={errorOf("display_name")}>
          <TextInput autoComplete="name" autoCapitalize="words" {...register("display_name")} />
        </Field>
        <Field label={t("fields.password")} hint={t("fields.passwordHint", { count: PASSWORD_LENGTH_MIN })} error={errorOf("password")}>
          <PasswordInput autoComplete="new-password" {...register("password")} />
        </Field>
        <Button type="submit" variant="primary" size="large" wide pending={isSubmitting}>
          {t("register.submit")}
        </Button>
      </form>
      {(providers.data?.items.length ?? 0) > 0 && (
        <div className="grid gap-3">
          <div className="flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
            {t("signIn.or")}
          </div>
          <ProviderButtons providers={providers.data?.items ?? []} invite={invite} />
        </div>
      )}
      {firstKey}
    </StrangerPanel>
  );
}
