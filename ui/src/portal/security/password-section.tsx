import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { fields, useProblemForm } from "@/features/form";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { usePasswordLengthMin } from "@/features/sign-in-options";
import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { Panel } from "@/kit/panel";
import { PasswordInput } from "@/kit/password-input";
import { useToast } from "@/kit/toast";

const schemaOf = (lengthMin: number) => z.object({ current_password: z.string().check(z.minLength(1, "invalid.required")), new_password: fields.newPassword(lengthMin) });

export function PasswordSection({ email }: { email: string }) {
  const { t } = useTranslation("portal");
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Panel title={t("password.title")} description={t("password.why")} actions={<Button onClick={() => setIsOpen(true)}>{t("password.change")}</Button>} />
      {isOpen && <PasswordDialog email={email} onClose={() => setIsOpen(false)} />}
    </>
  );
}

function PasswordDialog({ email, onClose }: { email: string; onClose: () => void }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const toast = useToast();
  const lengthMin = usePasswordLengthMin();
  const { register, submit, errorOf, problem, isSubmitting } = useProblemForm(schemaOf(lengthMin), { current_password: "", new_password: "" });
  const send = submit(async (body) => {
    await take(api.POST("/api/me/password", { body }));
    onClose();
    toast({ text: t("password.changed") });
  });
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="password" variant="primary" pending={isSubmitting}>
        {t("password.change")}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={onClose} size="small" title={t("password.change")} description={t("password.endsOthers")} footer={footer}>
      <form id="password" className="grid gap-4" noValidate onSubmit={send}>
        {problem !== null && <ProblemAlert problem={problem} words={problem.code === "invalid_credentials" ? t("password.wrong") : problem.code === "conflict" ? t("password.none") : undefined} />}
        {/* Password managers file the new password under this name. */}
        <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
        <Field label={t("password.current")} error={errorOf("current_password")}>
          <PasswordInput autoFocus autoComplete="current-password" {...register("current_password")} />
        </Field>
        <Field label={t("fields.newPassword")} hint={t("fields.passwordHint", { count: lengthMin })} error={errorOf("new_password")}>
          <PasswordInput autoComplete="new-password" {...register("new_password")} />
        </Field>
      </form>
    </Dialog>
  );
}
