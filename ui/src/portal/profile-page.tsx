import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import type { Me } from "@/api/schema";
import { fields, useProblemForm } from "@/features/form";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { ME, useMe } from "@/features/session";
import { useFormats } from "@/i18n/formats";
import { LANGUAGE_NAMES, LANGUAGES } from "@/i18n/language";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { CopyButton } from "@/kit/copy-button";
import { Field } from "@/kit/field";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

const schema = z.object({
  display_name: fields.requiredName(),
  username: fields.username(),
  locale: z.enum(["", "zh-CN", "en"]),
});

export function ProfilePage() {
  const { t } = useTranslation("portal");
  const formats = useFormats();
  const me = useMe().data;
  usePageTitle(t("places.profile"));
  if (me === undefined) return null;
  return (
    <>
      <PageHeader title={t("profile.title")} />
      <div className="grid gap-5">
        <Panel title={t("profile.names")}>
          <ProfileForm me={me} />
        </Panel>
        <Panel title={t("profile.facts")}>
          <dl className="grid gap-x-6 sm:grid-cols-[10rem_minmax(0,1fr)] sm:gap-y-3 max-sm:[&>dd]:mb-3">
            <dt className="text-muted">{t("fields.email")}</dt>
            <dd className="flex min-w-0 flex-wrap items-center gap-2">
              <span className="[overflow-wrap:anywhere]">{me.email}</span>
              {me.email_verified_at ? <Badge tone="success">{t("profile.verified")}</Badge> : <Badge tone="warning">{t("profile.unverified")}</Badge>}
            </dd>
            <dt className="text-muted">{t("profile.role")}</dt>
            <dd>{t(`roles.${me.role}`, { ns: "shared", defaultValue: me.role })}</dd>
            <dt className="text-muted">{t("profile.since")}</dt>
            <dd>{formats.date(me.created_at)}</dd>
            <dt className="text-muted">{t("profile.id")}</dt>
            <dd className="flex min-w-0 items-center gap-1">
              <code className="min-w-0 font-mono text-[0.8125rem] break-all">{me.id}</code>
              <CopyButton value={me.id} label={t("profile.copyId")} />
            </dd>
          </dl>
        </Panel>
      </div>
    </>
  );
}

function ProfileForm({ me }: { me: Me }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const { register, submit, errorOf, problem, isSubmitting } = useProblemForm(schema, {
    display_name: me.display_name,
    username: me.username ?? "",
    locale: me.locale ?? "",
  }, { "username.taken": t("profile.taken") });
  const send = submit(async ({ display_name, username, locale }) => {
    const body = { display_name, username: username === "" ? null : username, locale: locale === "" ? null : locale };
    await take(api.PATCH("/api/me", { body }));
    await queries.invalidateQueries({ queryKey: ME });
    toast({ text: t("profile.saved") });
  });
  return (
    <form className="grid max-w-md gap-4" noValidate onSubmit={send}>
      {problem !== null && <ProblemAlert problem={problem} />}
      <Field label={t("fields.displayName")} error={errorOf("display_name")}>
        <TextInput autoComplete="name" {...register("display_name")} />
      </Field>
      <Field label={t("fields.username")} hint={t("profile.usernameHint")} optional error={errorOf("username")}>
        <TextInput autoComplete="username" {...register("username")} />
      </Field>
      <Field label={t("profile.mailLanguage")} error={errorOf("locale")}>
        <Select {...register("locale")}>
          <option value="">{t("profile.siteLanguage")}</option>
          {LANGUAGES.map((language) => (
            <option key={language} value={language}>
              {LANGUAGE_NAMES[language]}
            </option>
          ))}
        </Select>
      </Field>
      <div>
        <Button type="submit" variant="primary" pending={isSubmitting}>
          {t("profile.save")}
        </Button>
      </div>
    </form>
  );
}
