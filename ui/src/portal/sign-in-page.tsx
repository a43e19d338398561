import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, Navigate, useSearch } from "@tanstack/react-router";
import { Fingerprint } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { canUsePasskeys, PasskeyCancelled, requestPasskey } from "@/api/passkeys";
import { toProblem } from "@/api/problem";
import type { OauthProvider, SecondFactorChallenge } from "@/api/schema";
import { fields, useProblemForm } from "@/features/form";
import { useHashOnce } from "@/features/hash";
import { localPath } from "@/features/local-path";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";
import { TextInput } from "@/kit/text-input";

import { paths } from "./paths";
import { SecondFactorStep } from "./second-factor-step";
import { useReception } from "./signed-in";
import { linkLook, StrangerPanel } from "./stranger-panel";

const schema = z.object({ login: fields.required(), password: z.string().check(z.minLength(1, "invalid.required")) });

export function SignInPage() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const { return: returnPath } = useSearch({ strict: false }) as { return?: string };
  const hash = useHashOnce();
  const [oauthChallenge, setOauthChallenge] = useState(hash.get("challenge"));
  const { receive, challenge, dropChallenge, firstKey } = useReception(hash.get("return") ?? returnPath);
  const form = useProblemForm(schema, { login: "", password: "" });
  const { register, submit, errorOf, problem, isSubmitting, getValues } = form;

  const providers = useQuery({ queryKey: ["providers"], queryFn: () => take(api.GET("/api/auth/oauth")), staleTime: Infinity });
  // Somebody who comes back from a provider brings only the name of the challenge, and where to go then.
  const pending = useQuery({
    queryKey: ["challenge", oauthChallenge],
    queryFn: () => take(api.POST("/api/auth/second-factor/methods", { body: { challenge: oauthChallenge ?? "" } })),
    enabled: oauthChallenge !== null,
    staleTime: Infinity,
    gcTime: 0,
  });
  const shown: SecondFactorChallenge | undefined = challenge ?? pending.data;

  if (providers.isError && toProblem(providers.error).code === "setup_required") return <Navigate to={paths.setup} replace />;
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

  const send = submit(async (values) => receive(await take(api.POST("/api/auth/login", { body: values }))));
  const oauthError = hash.get("error");
  return (
    <StrangerPanel
      title={t("signIn.title")}
      below={
        <>
          {t("signIn.newHere")}{" "}
          <Link to={paths.register} className={linkLook}>
            {t("signIn.register")}
          </Link>
        </>
      }
    >
      {oauthError !== null && problem === null && (
        <Alert tone="danger" live>
          {t(`oauthErrors.${isOauthError(oauthError) ? oauthError : "other"}`)}
        </Alert>
      )}
      {pending.isError && <ProblemAlert problem={pending.error} />}
      {problem !== null && (
        <div className="grid gap-2">
          <ProblemAlert problem={problem} words={problem.code === "invalid_credentials" ? t("signIn.wrong") : undefined} />
          {problem.code === "email_unverified" && <ResendVerification email={getValues("login")} />}
        </div>
      )}
      <form className="grid gap-4" noValidate onSubmit={send}>
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
      <OtherWays providers={providers.data?.items ?? []} returnPath={returnPath} onReply={receive} />
      {firstKey}
    </StrangerPanel>
  );
}

type OtherWaysProps = { providers: OauthProvider[]; returnPath: string | undefined; onReply: ReturnType<typeof useReception>["receive"] };

function OtherWays({ providers, returnPath, onReply }: OtherWaysProps) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const byPasskey = useMutation({
    mutationFn: async () => {
      const { challenge, options } = await take(api.POST("/api/auth/passkeys/start"));
      const credential = await requestPasskey(options);
      return take(api.POST("/api/auth/passkeys/finish", { body: { challenge, credential } }));
    },
    onSuccess: onReply,
  });
  const hasPasskeys = canUsePasskeys();
  if (providers.length === 0 && !hasPasskeys) return null;
  return (
    <div className="grid gap-3">
      <div className="flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
        {t("signIn.or")}
      </div>
      {byPasskey.isError && (
        <ProblemAlert
          problem={byPasskey.error}
          words={byPasskey.error instanceof PasskeyCancelled ? t("signIn.passkeyCancelled") : toProblem(byPasskey.error).code === "invalid_credentials" ? t("signIn.passkeyWrong") : undefined}
        />
      )}
      {hasPasskeys && (
        <Button size="large" wide pending={byPasskey.isPending} icon={<Fingerprint size={18} />} onClick={() => byPasskey.mutate()}>
          {t("signIn.passkey")}
        </Button>
      )}
      <ProviderButtons providers={providers} returnPath={returnPath} />
    </div>
  );
}

/** One button for each identity provider. The browser leaves for the provider's page. */
export function ProviderButtons({ providers, returnPath, invite }: { providers: OauthProvider[]; returnPath?: string | undefined; invite?: string | null }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const start = useMutation({
    mutationFn: async (provider: string) => {
      const body = { purpose: "sign_in" as const, return_path: localPath(returnPath) ?? paths.overview, ...(invite ? { invite } : {}) };
      const { authorize_url } = await take(api.POST("/api/auth/oauth/{provider}/start", { params: { path: { provider } }, body }));
      location.assign(authorize_url);
    },
  });
  return (
    <>
      {start.isError && <ProblemAlert problem={start.error} />}
      {providers.map((provider) => (
        <Button
          key={provider.name}
          size="large"
          wide
          pending={start.isPending && start.variables === provider.name}
          icon={<ProviderInitial provider={provider} />}
          onClick={() => start.mutate(provider.name)}
        >
          <span className="truncate">{t("signIn.with", { provider: provider.display_name })}</span>
        </Button>
      ))}
    </>
  );
}

function ProviderInitial({ provider }: { provider: OauthProvider }) {
  return (
    <span aria-hidden="true" className="grid size-5 shrink-0 place-items-center rounded bg-ink text-[0.6875rem] font-semibold text-surface">
      {[...provider.display_name][0]?.toLocaleUpperCase()}
    </span>
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
