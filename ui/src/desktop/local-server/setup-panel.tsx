import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { fields, given, useProblemForm } from "@/features/form";
import { PASSWORD_LENGTH_MIN } from "@/features/sign-in-options";
import { Button } from "@/kit/button";
import { Field } from "@/kit/field";
import { Panel } from "@/kit/panel";
import { PasswordInput } from "@/kit/password-input";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { useDeed } from "../desk";
import { paths } from "../paths";
import { SecretsPlace } from "../secrets/secrets-place";
import { ShellAlert } from "../shell-alert";

const NOBODY = { email: "", display_name: "", password: "", repeated: "" };
const NEEDS_SECRETS: ReadonlySet<string> = new Set(["secrets_locked", "keyring_unavailable"]);

const schema = z
  .object({ email: fields.email(), display_name: fields.name(), password: fields.newPassword(PASSWORD_LENGTH_MIN), repeated: z.string() })
  .check(z.refine(({ password, repeated }) => password === repeated, { path: ["repeated"], message: "different" }));

/** Makes the first owner of a fresh server, without a browser. */
export function SetupPanel() {
  const { t } = useTranslation("local");
  const toast = useToast();
  const navigate = useNavigate();
  const form = useProblemForm<typeof NOBODY>(schema, NOBODY);
  const setUp = useDeed({
    act: (shell, { email, display_name, password }: typeof NOBODY) => shell.setUpLocalServer({ email, password, ...given("display_name", display_name) }),
    changes: ["local-server", "connections"],
    onDone: () => {
      form.reset(NOBODY);
      toast({ text: t("setup.done") });
      void navigate({ to: paths.site });
    },
  });
  const needsSecrets = setUp.error !== null && NEEDS_SECRETS.has(setUp.error.code);
  return (
    <Panel title={t("setup.title")} description={t("setup.why")}>
      <form className="grid max-w-md gap-4" noValidate data-sending={setUp.isPending ? "" : undefined} onSubmit={form.handleSubmit((values) => setUp.mutate(values))}>
        {setUp.isError && (needsSecrets ? null : <ShellAlert failure={setUp.error} />)}
        <Field label={t("setup.email")} error={form.errorOf("email")}>
          <TextInput type="email" autoComplete="off" {...form.register("email")} />
        </Field>
        <Field label={t("setup.displayName")} optional error={form.errorOf("display_name")}>
          <TextInput autoComplete="off" autoCapitalize="words" {...form.register("display_name")} />
        </Field>
        <Field label={t("setup.password")} hint={t("setup.passwordHint", { count: PASSWORD_LENGTH_MIN })} error={form.errorOf("password")}>
          <PasswordInput autoComplete="new-password" {...form.register("password")} />
        </Field>
        <Field label={t("setup.repeat")} error={form.formState.errors.repeated === undefined ? undefined : t("setup.repeatWrong")}>
          <PasswordInput autoComplete="new-password" {...form.register("repeated")} />
        </Field>
        <div>
          <Button type="submit" variant="primary" pending={setUp.isPending}>
            {t("setup.submit")}
          </Button>
        </div>
      </form>
      {/* Beside the form, not within it: it has one of its own. */}
      {needsSecrets && (
        <div className="pt-4">
          <SecretsPlace onReady={setUp.reset} />
        </div>
      )}
    </Panel>
  );
}
