import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { fields, useProblemForm } from "@/features/form";
import { useHashOnce } from "@/features/hash";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { usePasswordLengthMin } from "@/features/sign-in-options";
import { Button, buttonLook } from "@/kit/button";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";

import { paths } from "./paths";
import { StrangerPanel } from "./stranger-panel";

const schemaOf = (lengthMin: number) => z.object({ password: fields.newPassword(lengthMin) });

/** Where the link of a mail leads that lets somebody set a new password. */
export function ResetPasswordPage() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const token = useHashOnce().get("token");
  const lengthMin = usePasswordLengthMin();
  const { register, submit, errorOf, problem, isSubmitting, formState } = useProblemForm(schemaOf(lengthMin), { password: "" });
  const send = submit(({ password }) => take(api.POST("/api/auth/password-reset/confirm", { body: { token: token ?? "", password } })));

  if (token === null || problem?.code === "invalid_link") {
    return (
      <StrangerPanel title={t("reset.overTitle")} description={t("reset.over")}>
        <Link to={paths.forgotPassword} className={buttonLook({ variant: "primary", size: "large", wide: true })}>
          {t("reset.again")}
        </Link>
      </StrangerPanel>
    );
  }
  if (formState.isSubmitSuccessful && problem === null && errorOf("password") === undefined) {
    return (
      <StrangerPanel title={t("reset.doneTitle")} description={t("reset.done")}>
        <Link to={paths.signIn} className={buttonLook({ variant: "primary", size: "large", wide: true })}>
          {t("signIn.title")}
        </Link>
      </StrangerPanel>
    );
  }
  return (
    <StrangerPanel title={t("reset.title")} description={t("reset.why")}>
      {problem !== null && <ProblemAlert problem={problem} />}
      <form className="grid gap-4" noValidate onSubmit={send}>
        <Field label={t("fields.newPassword")} hint={t("fields.passwordHint", { count: lengthMin })} error={errorOf("password")}>
          <PasswordInput autoFocus autoComplete="new-password" {...register("password")} />
        </Field>
        <Button type="submit" variant="primary" size="large" wide pending={isSubmitting}>
          {t("reset.submit")}
        </Button>
      </form>
    </StrangerPanel>
  );
}
