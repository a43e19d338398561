import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { fields, useProblemForm } from "@/features/form";
import { useHashOnce } from "@/features/hash";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Field } from "@/kit/field";
import { Skeleton } from "@/kit/skeleton";
import { TextInput } from "@/kit/text-input";

import { paths } from "./paths";
import { SignIn } from "./sign-in-page";
import { linkLook, StrangerPanel } from "./stranger-panel";

const schema = z.object({ email: fields.email() });

/** Where the link of a mail leads that shows that somebody holds an address. */
export function VerifyEmailPage() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const token = useHashOnce().get("token");
  const verify = useMutation({ mutationFn: (token: string) => take(api.POST("/api/auth/verify-email", { body: { token } })) });
  const isSent = useRef(false);
  const { mutate } = verify;
  useEffect(() => {
    if (token === null || isSent.current) return;
    isSent.current = true;
    mutate(token);
  }, [token, mutate]);

  if (verify.isSuccess) {
    return <SignIn title={t("verify.doneTitle")} description={t("verify.done")} />;
  }
  if (token !== null && !verify.isError) {
    return (
      <StrangerPanel title={t("verify.underWay")}>
        <Skeleton className="h-10" />
      </StrangerPanel>
    );
  }
  const problem = verify.isError ? toProblem(verify.error) : null;
  if (problem !== null && problem.code !== "invalid_link" && token !== null) {
    return (
      <StrangerPanel title={t("verify.title")}>
        <ProblemAlert problem={problem} onRetry={() => mutate(token)} />
      </StrangerPanel>
    );
  }
  return <ResendPanel isOver={problem !== null} />;
}

function ResendPanel({ isOver }: { isOver: boolean }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const { register, submit, errorOf, problem, isSubmitting, formState } = useProblemForm(schema, { email: "" });
  const send = submit((body) => take(api.POST("/api/auth/resend-verification", { body })));
  const isSent = formState.isSubmitSuccessful && problem === null;
  return (
    <StrangerPanel
      title={isOver ? t("verify.overTitle") : t("verify.title")}
      description={isSent ? undefined : isOver ? t("verify.over") : t("verify.why")}
      below={
        <Link to={paths.signIn} className={linkLook}>
          {t("signIn.back")}
        </Link>
      }
    >
      {problem !== null && <ProblemAlert problem={problem} />}
      {isSent ? (
        <Alert tone="success" live>
          {t("verify.sent")}
        </Alert>
      ) : (
        <form className="grid gap-4" noValidate onSubmit={send}>
          <Field label={t("fields.email")} error={errorOf("email")}>
            <TextInput type="email" autoFocus autoComplete="email" {...register("email")} />
          </Field>
          <Button type="submit" variant="primary" size="large" wide pending={isSubmitting}>
            {t("verify.again")}
          </Button>
        </form>
      )}
    </StrangerPanel>
  );
}
