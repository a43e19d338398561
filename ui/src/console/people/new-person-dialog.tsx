import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import type { UserCreated } from "@/api/schema";
import { fields, given, useProblemForm } from "@/features/form";
import { ProblemAlert } from "@/features/problem-alert";
import { rolesBelow, ROLES } from "@/features/roles";
import { useApi } from "@/features/services";
import { useMe } from "@/features/session";
import { usePasswordLengthMin } from "@/features/sign-in-options";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";
import { SecretOnce } from "@/kit/secret-once";
import { Select } from "@/kit/select";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { PEOPLE } from "./people";

const schemaOf = (lengthMin: number) =>
  z
    .object({
      email: fields.email(),
      display_name: fields.name(),
      role: z.enum(ROLES as [(typeof ROLES)[number]]),
      entry: z.enum(["invite", "password"]),
      password: z.string(),
    })
    .check(
      z.refine((values) => values.entry === "invite" || values.password.length >= lengthMin, {
        path: ["password"],
        message: `invalid.password:${lengthMin}`,
      }),
    );

/** Enters a person, who sets a password by a link or is given one. */
export function NewPersonDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("console");
  const api = useApi();
  const router = useRouter();
  const queries = useQueryClient();
  const toast = useToast();
  const formats = useFormats();
  const actor = useMe().data;
  const [created, setCreated] = useState<UserCreated | null>(null);
  const lengthMin = usePasswordLengthMin();
  const form = useProblemForm(
    schemaOf(lengthMin),
    { email: "", display_name: "", role: "user", entry: "invite", password: "" },
    { "email.taken": t("newPerson.known") },
  );
  const { register, submit, errorOf, problem, isSubmitting, watch } = form;
  const open = (user: UserCreated) => router.history.push(paths.person(user.id));
  const send = submit(async ({ email, display_name, role, entry, password }) => {
    const way = entry === "invite" ? { invite: true } : { password };
    const user = await take(api.POST("/api/admin/users", { body: { email, role, ...given("display_name", display_name), ...way } }));
    await queries.invalidateQueries({ queryKey: PEOPLE });
    if (user.password_link) return setCreated(user);
    toast({ text: entry === "invite" ? t("newPerson.mailed", { email: user.email }) : t("newPerson.entered") });
    open(user);
  });

  if (created?.password_link) {
    return (
      <SecretOnce
        title={t("newPerson.linkTitle")}
        explanation={t("newPerson.link", { name: created.display_name, time: formats.dateTime(created.password_link.expires_at) })}
        label={t("newPerson.linkLabel")}
        secret={created.password_link.url}
        onSaved={() => open(created)}
      />
    );
  }
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="person" variant="primary" pending={isSubmitting}>
        {t("newPerson.submit")}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={onClose} title={t("newPerson.title")} footer={footer}>
      <form id="person" className="grid gap-4" noValidate onSubmit={send}>
        {problem !== null && <ProblemAlert problem={problem} />}
        <Field label={t("newPerson.email")} error={errorOf("email")}>
          <TextInput type="email" autoFocus autoComplete="off" {...register("email")} />
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("newPerson.displayName")} optional error={errorOf("display_name")}>
            <TextInput autoComplete="off" autoCapitalize="words" {...register("display_name")} />
          </Field>
          <Field label={t("people.role")} error={errorOf("role")}>
            <Select {...register("role")}>
              {rolesBelow(actor?.role ?? "user").map((role) => (
                <option key={role} value={role}>
                  {t(`roles.${role}`, { ns: "shared" })}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        <p className="-mt-1 text-[0.8125rem] text-muted">{t(`roleMeanings.${watch("role")}`)}</p>
        <Field label={t("newPerson.entry")}>
          <Select {...register("entry")}>
            <option value="invite">{t("newPerson.byLink")}</option>
            <option value="password">{t("newPerson.byPassword")}</option>
          </Select>
        </Field>
        {watch("entry") === "password" && (
          <Field label={t("newPerson.password")} hint={t("newPerson.passwordHint", { count: lengthMin })} error={errorOf("password")}>
            <PasswordInput autoComplete="new-password" {...register("password")} />
          </Field>
        )}
      </form>
    </Dialog>
  );
}
