import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { fields, given, useProblemForm } from "@/features/form";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { PASSWORD_LENGTH_MIN } from "@/features/sign-in-options";
import { buttonLook, Button } from "@/kit/button";
import { CodeBlock } from "@/kit/code-block";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";
import { Skeleton } from "@/kit/skeleton";
import { TextInput } from "@/kit/text-input";

import { paths } from "./paths";
import { useReception } from "./signed-in";
import { StrangerPanel } from "./stranger-panel";

const schema = z.object({
  token: fields.required(),
  email: fields.email(),
  display_name: fields.name(),
  password: fields.newPassword(PASSWORD_LENGTH_MIN),
});

/** Makes the first owner of a fresh site. */
export function SetupPage() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const { receive, firstKey } = useReception(undefined);
  const state = useQuery({ queryKey: ["setup"], queryFn: () => take(api.GET("/api/setup")), staleTime: Infinity });
  const { register, submit, errorOf, problem, isSubmitting } = useProblemForm(schema, { token: "", email: "", display_name: "", password: "" });
  const send = submit(async ({ token, email, display_name, password }) => {
    const body = { token, email, password, ...given("display_name", display_name) };
    receive(await take(api.POST("/api/setup", { body })));
  });

  if (state.isPending) {
    return (
      <StrangerPanel title={t("setup.title")}>
        <Skeleton className="h-64" />
      </StrangerPanel>
    );
  }
  if (state.isSuccess && !state.data.required && firstKey === false) {
    return (
      <StrangerPanel title={t("setup.doneTitle")} description={t("setup.done")}>
        <Link to={paths.signIn} className={buttonLook({ variant: "primary", size: "large", wide: true })}>
          {t("signIn.title")}
        </Link>
      </StrangerPanel>
    );
  }
  return (
    <StrangerPanel title={t("setup.title")} description={t("setup.why")}>
      {state.isError && <ProblemAlert problem={state.error} onRetry={() => state.refetch()} />}
      {problem !== null && (
        <ProblemAlert problem={problem} words={problem.code === "invalid_credentials" || problem.code === "invalid_link" ? t("setup.wrongToken") : undefined} />
      )}
      <form className="grid gap-4" noValidate onSubmit={send}>
        <div className="grid gap-2">
          <Field label={t("setup.token")} hint={t("setup.tokenHint")} error={errorOf("token")}>
            <TextInput autoFocus autoComplete="off" className="font-mono" {...register("token")} />
          </Field>
          <CodeBlock label={t("setup.command")} text="waystation setup-token" />
        </div>
        <Field label={t("fields.email")} error={errorOf("email")}>
          <TextInput type="email" autoComplete="email" {...register("email")} />
        </Field>
        <Field label={t("fields.displayName")} optional error={errorOf("display_name")}>
          <TextInput autoComplete="name" autoCapitalize="words" {...register("display_name")} />
        </Field>
        <Field label={t("fields.password")} hint={t("fields.passwordHint", { count: PASSWORD_LENGTH_MIN })} error={errorOf("password")}>
          <PasswordInput autoComplete="new-password" {...register("password")} />
        </Field>
        <Button type="submit" variant="primary" size="large" wide pending={isSubmitting}>
          {t("setup.submit")}
        </Button>
      </form>
      {firstKey}
    </StrangerPanel>
  );
}
