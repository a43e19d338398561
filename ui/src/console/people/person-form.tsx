import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import type { User } from "@/api/schema";
import { fields, useProblemForm } from "@/features/form";
import { ProblemAlert } from "@/features/problem-alert";
import { rolesBelow, ROLES } from "@/features/roles";
import { useApi } from "@/features/services";
import { useMe } from "@/features/session";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Field } from "@/kit/field";
import { Select } from "@/kit/select";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { PEOPLE } from "./people";

const schema = z.object({
  display_name: fields.requiredName(),
  email: fields.email(),
  username: fields.username(),
  role: z.enum(ROLES as [(typeof ROLES)[number]]),
  status: z.enum(["active", "disabled"]),
  channel_group: fields.name(),
});
type Values = z.infer<typeof schema>;

/** Changes a person. What locks somebody out or lets somebody in is asked about first. */
export function PersonForm({ user, blockedBy }: { user: User; blockedBy: string | undefined }) {
  const { t } = useTranslation("console");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const actor = useMe().data;
  const [asked, setAsked] = useState<Values | null>(null);
  const [isSending, setIsSending] = useState(false);
  const { register, submit, errorOf, problem, isSubmitting, reset, formState } = useProblemForm(schema, valuesOf(user), {
    "email.taken": t("newPerson.known"),
    "username.taken": t("person.usernameTaken"),
  });

  const save = async (values: Values) => {
    const { display_name, email, username, role, status, channel_group } = values;
    const body = {
      ...(display_name === user.display_name ? {} : { display_name }),
      ...(email === user.email ? {} : { email }),
      ...(username === (user.username ?? "") ? {} : { username: username === "" ? null : username }),
      ...(role === user.role ? {} : { role }),
      ...(status === user.status ? {} : { status }),
      ...(channel_group === (user.channel_group ?? "") ? {} : { channel_group: channel_group === "" ? null : channel_group }),
    };
    const saved = await take(api.PATCH("/api/admin/users/{id}", { params: { path: { id: user.id } }, body }));
    reset(valuesOf(saved));
    await queries.invalidateQueries({ queryKey: PEOPLE });
    toast({ text: t("person.saved") });
  };
  const send = submit(async (values) => {
    if (values.role === user.role && values.status === user.status && values.email === user.email) await save(values);
    else setAsked(values);
  });
  const confirm = async () => {
    if (asked === null) return;
    setIsSending(true);
    await submit(() => save(asked))();
    setIsSending(false);
    setAsked(null);
  };
  const roles = [...new Set([...rolesBelow(actor?.role ?? "user"), user.role])];
  return (
    <form className="grid gap-4" noValidate onSubmit={send}>
      {problem !== null && <ProblemAlert problem={problem} words={problem.code === "conflict" ? t("person.lastOwner") : undefined} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("newPerson.displayName")} error={errorOf("display_name")}>
          <TextInput readOnly={blockedBy !== undefined} {...register("display_name")} />
        </Field>
        <Field label={t("newPerson.email")} error={errorOf("email")}>
          <TextInput type="email" autoComplete="off" readOnly={blockedBy !== undefined} {...register("email")} />
        </Field>
        <Field label={t("person.username")} optional error={errorOf("username")}>
          <TextInput autoComplete="off" readOnly={blockedBy !== undefined} {...register("username")} />
        </Field>
        <Field label={t("person.channelGroup")} hint={t("person.channelGroupHint")} optional error={errorOf("channel_group")}>
          <TextInput readOnly={blockedBy !== undefined} {...register("channel_group")} />
        </Field>
        <Field label={t("people.role")} error={errorOf("role")}>
          <Select disabled={blockedBy !== undefined} {...register("role")}>
            {roles.map((role) => (
              <option key={role} value={role}>
                {t(`roles.${role}`, { ns: "shared" })}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("people.status")} error={errorOf("status")}>
          <Select disabled={blockedBy !== undefined} {...register("status")}>
            <option value="active">{t("people.active")}</option>
            <option value="disabled">{t("people.disabled")}</option>
          </Select>
        </Field>
      </div>
      <div>
        <Button type="submit" variant="primary" pending={isSubmitting} blockedBy={blockedBy ?? (formState.isDirty ? undefined : t("person.unchanged"))}>
          {t("person.save")}
        </Button>
      </div>
      <ConfirmDialog
        open={asked !== null}
        title={t("person.confirmTitle", { name: user.display_name })}
        consequence={asked === null ? "" : <Consequences user={user} values={asked} />}
        action={t("person.save")}
        cancel={t("cancel", { ns: "shared" })}
        tone={asked?.status === "disabled" ? "danger" : "primary"}
        pending={isSending}
        onConfirm={() => void confirm()}
        onCancel={() => setAsked(null)}
      />
    </form>
  );
}

function Consequences({ user, values }: { user: User; values: Values }) {
  const { t } = useTranslation("console");
  return (
    <span className="grid gap-2">
      {values.email !== user.email && <span>{t("person.emailWhat", { before: user.email, after: values.email })}</span>}
      {values.role !== user.role && (
        <span>
          {t("person.roleChange", { before: t(`roles.${user.role}`, { ns: "shared" }), after: t(`roles.${values.role}`, { ns: "shared" }) })}{" "}
          {t(`roleMeanings.${values.role}`)}
        </span>
      )}
      {values.status !== user.status && <span>{values.status === "disabled" ? t("person.disableWhat") : t("person.enableWhat")}</span>}
    </span>
  );
}

function valuesOf(user: User): Values {
  return { display_name: user.display_name, email: user.email, username: user.username ?? "", role: user.role, status: user.status, channel_group: user.channel_group ?? "" };
}
