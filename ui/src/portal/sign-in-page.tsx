import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { SecondFactorChallenge, SignInOptions, SignInReply } from "@/api/schema";
import { fields, useProblemForm } from "@/features/form";
import { useHashOnce } from "@/features/hash";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { useSignInOptions } from "@/features/sign-in-options";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";
import { TextInput } from "@/kit/text-input";

import { firstForm, useFirstForm } from "./first-form";
import { useLeave } from "./leave";
import { OtherWays } from "./other-ways";
import { paths } from "./paths";
import { SecondFactorStep } from "./second-factor-step";
import { useReception } from "./signed-in";
import { linkLook, StrangerPanel } from "./stranger-panel";

const schema = z.object({ login: fields.required(), password: z.string().check(z.minLength(1, "invalid.required")) });

export function SignInPage() {
  return <SignIn />;
}

/** The way in, below other words where it follows on something. */
export function SignIn({ title, description }: { title?: string; description?: string }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const { return: returnPath } = useSearch({ strict: false }) as { return?: string };
  const hash = useHashOnce();
  const wanted = hash.get("return") ?? returnPath;
  const [oauthChallenge, setOauthChallenge] = useState(hash.get("challenge"));
  const [oauthError, setOauthError] = useState(hash.get("error"));
  const { receive, challenge, dropChallenge, firstKey } = useReception(wanted);
  const options = useSignInOptions();
  // Somebody who comes back from a provider brings only the name of the challenge, and where to go then.
  const pending = useQuery({
    queryKey: ["challenge", oauthChallenge],
    queryFn: () => take(api.POST("/api/auth/second-factor/methods", { body: { challenge: oauthChallenge ?? "" } })),
    enabled: oauthChallenge !== null,
    staleTime: Infinity,
    gcTime: 0,
  });
  const shown: SecondFactorChallenge | undefined = challenge ?? pending.data;

  const isFresh = options.isError && toProblem(options.error).code === "setup_required";
  useLeave(isFresh ? paths.setup : null);

  if (isFresh) return null;
  if (shown !== undefined) {
    const back = () => {
      dropChallenge();
      setOauthChallenge(null);
    };
    return (
      <>
        <SecondFactorStep challenge={shown} onReply={receive} onBack={back} />
        {firstKey}
      </>
    );
  }

  return (
    <StrangerPanel title={title ?? t("signIn.title")} description={description} below={options.isSuccess && <NewHere registration={options.data.registration} />}>
      {oauthError !== null && (
        <Alert tone="danger" live>
          {t(`oauthErrors.${isOauthError(oauthError) ? oauthError : "other"}`)}
        </Alert>
      )}
      {pending.isError && <ProblemAlert problem={pending.error} words={toProblem(pending.error).code === "invalid_link" ? t("passkeys.over") : undefined} />}
      <PasswordForm onTry={() => setOauthError(null)} onReply={receive} />
      {options.isSuccess && <OtherWays options={options.data} returnPath={wanted} onReply={receive} />}
      {firstKey}
    </StrangerPanel>
  );
}

/** Name and password. What was typed before this page was ready stays. */
function PasswordForm({ onTry, onReply }: { onTry: () => void; onReply: (reply: SignInReply) => void }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const [typed] = useState(firstForm);
  const { register, submit, errorOf, problem, isSubmitting, getValues } = useProblemForm(schema, { login: typed.login, password: typed.password });
  const form = useFirstForm(typed);
  const send = submit(async (values) => {
    onTry();
    onReply(await take(api.POST("/api/auth/login", { body: values })));
  });
  return (
    <>
      {problem !== null && (
        <div className="grid gap-2">
          <ProblemAlert problem={problem} words={problem.code === "invalid_credentials" ? t("signIn.wrong") : undefined} />
          {problem.code === "email_unverified" && <ResendVerification email={getValues("login")} />}
        </div>
      )}
      <form ref={form} className="grid gap-4" noValidate onSubmit={send}>
        <Field label={t("signIn.login")} error={errorOf("login")}>
          <TextInput autoFocus autoComplete="username webauthn" {...register("login")} />
        </Field>
        <Field
          label={t("signIn.password")}
          error={errorOf("password")}
          aside={
            <Link to={paths.forgotPassword} className={`${linkLook} text-[0.8125rem]`}>
              {t("signIn.forgot")}
            </Link>
          }
        >
          <PasswordInput autoComplete="current-password" {...register("password")} />
        </Field>
        <Button type="submit" variant="primary" size="large" wide pending={isSubmitting}>
          {t("signIn.submit")}
        </Button>
      </form>
    </>
  );
}

/** What somebody without an account can do here. */
function NewHere({ registration }: Pick<SignInOptions, "registration">) {
  const { t } = useTranslation("portal");
  if (registration === "closed") return t("signIn.closed");
  const isInvite = registration === "invite";
  return (
    <>
      {isInvite ? t("signIn.invited") : t("signIn.newHere")}{" "}
      <Link to={paths.register} className={linkLook}>
        {isInvite ? t("signIn.join") : t("signIn.register")}
      </Link>
    </>
  );
}

function ResendVerification({ email }: { email: string }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const resend = useMutation({ mutationFn: () => take(api.POST("/api/auth/resend-verification", { body: { email } })) });
  if (!email.includes("@")) {
    return (
      <Link to={paths.verifyEmail} className={linkLook}>
        {t("verify.again")}
      </Link>
    );
  }
  if (resend.isSuccess) return <Alert tone="success" live>{t("verify.sent")}</Alert>;
  return (
    <div className="grid gap-2">
      {resend.isError && <ProblemAlert problem={resend.error} />}
      <Button pending={resend.isPending} onClick={() => resend.mutate()}>
        {t("verify.again")}
      </Button>
    </div>
  );
}

const OAUTH_ERRORS = [
  "invalid_state", "access_denied", "provider_refused", "provider_unavailable", "invalid_answer", "account_not_allowed", "email_unverified",
  "account_exists", "identity_taken", "too_many_identities", "other_session", "registration_closed", "too_many_attempts",
] as const;
type OauthError = (typeof OAUTH_ERRORS)[number];
const isOauthError = (code: string): code is OauthError => (OAUTH_ERRORS as readonly string[]).includes(code);
