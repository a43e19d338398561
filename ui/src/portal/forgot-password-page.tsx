import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { fields, useProblemForm } from "@/features/form";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { useSignInOptions } from "@/features/sign-in-options";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Field } from "@/kit/field";
import { TextInput } from "@/kit/text-input";

import { paths } from "./paths";
import { linkLook, StrangerPanel } from "./stranger-panel";

const schema = z.object({ email: fields.email() });

export function ForgotPasswordPage() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const { register, submit, errorOf, problem, isSubmitting, formState, getValues } = useProblemForm(schema, { email: "" });
  const send = submit((body) => take(api.POST("/api/auth/password-reset", { body })));
  const isSent = formState.isSubmitSuccessful && problem === null;
  const sendsNone = useSignInOptions().data?.is_mail_sent === false;
  return (
    <StrangerPanel
      title={t("forgot.title")}
      description={sendsNone ? t("forgot.noMail") : isSent ? undefined : t("forgot.why")}
      below={
        <Link to={paths.signIn} className={linkLook}>
          {t("signIn.back")}
        </Link>
      }
    >
      {problem !== null && <ProblemAlert problem={problem} />}
      {sendsNone ? null : isSent ? (
        <Alert tone="success" live title={t("forgot.sentTitle")}>
          {t("forgot.sent", { email: getValues("email") })}
        </Alert>
      ) : (
        <form className="grid gap-4" noValidate onSubmit={send}>
          <Field label={t("fields.email")} error={errorOf("email")}>
            <TextInput type="email" autoFocus autoComplete="email" {...register("email")} />
          </Field>
          <Button type="submit" variant="primary" size="large" wide pending={isSubmitting}>
            {t("forgot.submit")}
          </Button>
        </form>
      )}
    </StrangerPanel>
  );
}
