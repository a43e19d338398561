import { Link } from "@tanstack/react-router";
import { MailCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { SignInOptions } from "@/api/schema";
import { fields, given, useProblemForm } from "@/features/form";
import { useHashOnce } from "@/features/hash";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { usePasswordLengthMin, useSignInOptions } from "@/features/sign-in-options";
import { closestLanguage } from "@/i18n/language";
import { Alert } from "@/kit/alert";
import { Button, buttonLook } from "@/kit/button";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";
import { Skeleton } from "@/kit/skeleton";
import { TextInput } from "@/kit/text-input";

import { readInvitation } from "./invitation";
import { Or, ProviderButtons } from "./other-ways";
import { paths } from "./paths";
import { useReception } from "./signed-in";
import { linkLook, StrangerPanel } from "./stranger-panel";

type Outcome = { next: "open_mail" | "sign_in"; email: string };

export function RegisterPage() {
  const { t } = useTranslation("portal");
  const invite = useHashOnce().get("invite");
  const options = useSignInOptions();
  const [outcome, setOutcome] = useState<Outcome | null>(null);

  if (outcome !== null) return <Registered outcome={outcome} />;
  if (options.data?.registration === "closed") {
    return (
      <StrangerPanel title={t("register.closedTitle")} description={t("register.closedWhy")}>
        <Link to={paths.signIn} className={buttonLook({ variant: "primary", size: "large", wide: true })}>
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
      {/* Where the site does not say who may register, it says so when somebody does. */}
      {options.isPending ? <Skeleton className="h-80" /> : <RegisterForm options={options.data} invite={invite} onDone={setOutcome} />}
    </StrangerPanel>
  );
}

const schemaOf = (lengthMin: number, asksInvite: boolean) =>
  z.object({
    invite: asksInvite ? fields.required() : z.string(),
    email: fields.email(),
    display_name: fields.name(),
    password: fields.newPassword(lengthMin),
  });

type RegisterFormProps = { options: SignInOptions | undefined; invite: string | null; onDone: (outcome: Outcome) => void };

function RegisterForm({ options, invite: linked, onDone }: RegisterFormProps) {
  const { t, i18n } = useTranslation("portal");
  const api = useApi();
  const lengthMin = usePasswordLengthMin();
  const { receive, firstKey } = useReception(undefined);
  const asksInvite = linked === null && options?.registration === "invite";
  const form = useProblemForm(
    schemaOf(lengthMin, asksInvite),
    { invite: "", email: "", display_name: "", password: "" },
  );
  const { register, submit, errorOf, problem, isSubmitting, watch } = form;
  const pasted = asksInvite ? readInvitation(watch("invite")) : "";
  const invite = linked ?? (pasted === "" ? null : pasted);

  const send = submit(async ({ email, display_name, password }) => {
    const body = { email, password, locale: closestLanguage(i18n.language), ...given("display_name", display_name), ...(invite === null ? {} : { invite }) };
    const { next } = await take(api.POST("/api/auth/register", { body }));
    if (next === "open_mail") return onDone({ next, email });
    // Nothing more is asked of whoever is new. Whoever was known already has another password, and signs in.
    try {
      receive(await take(api.POST("/api/auth/login", { body: { login: email, password } })));
    } catch (thrown) {
      if (toProblem(thrown).code !== "invalid_credentials") throw thrown;
      onDone({ next, email });
    }
  });

  const domains = options?.allowed_domains ?? [];
  const list = new Intl.ListFormat(i18n.language, { type: "disjunction" }).format(domains.map((domain) => `@${domain}`));
  return (
    <>
      {linked !== null && <Alert tone="info">{t("register.invited")}</Alert>}
      {problem !== null && (
        <ProblemAlert
          problem={problem}
          words={problem.code === "registration_closed" ? refusal(domains.length > 0, list) : problem.code === "invalid_link" ? t("register.inviteOver") : undefined}
        />
      )}
      <form className="grid gap-4" noValidate onSubmit={send}>
        {asksInvite && (
          <Field label={t("register.invite")} hint={t("register.inviteHint")} error={errorOf("invite")}>
            <TextInput autoFocus autoComplete="off" {...register("invite")} />
          </Field>
        )}
        <Field label={t("fields.email")} hint={domains.length > 0 && invite === null ? t("register.domains", { domains: list }) : undefined} error={errorOf("email")}>
          <TextInput type="email" autoFocus={!asksInvite} autoComplete="email" {...register("email")} />
        </Field>
        <Field label={t("fields.displayName")} optional error={errorOf("display_name")}>
          <TextInput autoComplete="name" autoCapitalize="words" {...register("display_name")} />
        </Field>
        <Field label={t("fields.password")} hint={t("fields.passwordHint", { count: lengthMin })} error={errorOf("password")}>
          <PasswordInput autoComplete="new-password" {...register("password")} />
        </Field>
        <Button type="submit" variant="primary" size="large" wide pending={isSubmitting}>
          {t("register.submit")}
        </Button>
      </form>
      {options !== undefined && options.providers.length > 0 && (
        <div className="grid gap-3">
          <Or />
          <ProviderButtons providers={options.providers} invite={invite} blockedBy={asksInvite && invite === null ? t("register.inviteFirst") : undefined} />
        </div>
      )}
      {firstKey}
    </>
  );

  function refusal(isByDomain: boolean, domains: string): string {
    return isByDomain ? t("register.domains", { domains }) : t("register.closed");
  }
}

/** What comes after registering: the mail, or the sign-in. */
function Registered({ outcome }: { outcome: Outcome }) {
  const { t } = useTranslation("portal");
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
