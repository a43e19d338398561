import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { PasswordLink, User } from "@/api/schema";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { Checkbox } from "@/kit/checkbox";
import { classes } from "@/kit/classes";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Field } from "@/kit/field";
import { Panel } from "@/kit/panel";
import { SecretOnce } from "@/kit/secret-once";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { PEOPLE } from "./people";

type Deed = "password" | "factor" | "removal";

/** What is done to a person rarely, and never by a slip. */
export function PersonActions({ user, blockedBy }: { user: User; blockedBy: string | undefined }) {
  const { t } = useTranslation("console");
  const api = useApi();
  const router = useRouter();
  const queries = useQueryClient();
  const toast = useToast();
  const formats = useFormats();
  const [deed, setDeed] = useState<Deed | null>(null);
  const [link, setLink] = useState<PasswordLink | null>(null);
  const [typed, setTyped] = useState("");
  const [forfeits, setForfeits] = useState(false);
  const path = { id: user.id };
  const hasMoney = !/^-?0(\.0*)?$/.test(user.balance.available);

  const done = async (text: string) => {
    close();
    await queries.invalidateQueries({ queryKey: PEOPLE });
    toast({ text });
  };
  const run = useMutation({
    mutationFn: async (wanted: Deed) => {
      if (wanted === "password") {
        const withdrawn = await take(api.POST("/api/admin/users/{id}/reset-password", { params: { path } }));
        await done(withdrawn.is_mailed ? t("deeds.passwordMailed", { email: user.email }) : t("deeds.passwordDone"));
        setLink(withdrawn.password_link ?? null);
      } else if (wanted === "factor") {
        await take(api.POST("/api/admin/users/{id}/reset-second-factor", { params: { path } }));
        await done(t("deeds.factorDone"));
      } else {
        await take(api.DELETE("/api/admin/users/{id}", { params: { path, query: forfeits ? { forfeit: true } : {} } }));
        router.history.replace(paths.people);
        await done(t("deeds.removed", { name: user.display_name }));
      }
    },
    onError: (thrown) => toProblem(thrown).code === "withheld" && close(),
  });
  const close = () => {
    setDeed(null);
    setTyped("");
    setForfeits(false);
    run.reset();
  };
  const missing = deed !== "removal" ? undefined : typed.trim().toLowerCase() !== user.email ? t("deeds.typeFirst") : hasMoney && !forfeits ? t("deeds.forfeitFirst") : undefined;
  const rows: { deed: Deed; text: string; action: string; danger?: boolean }[] = [
    { deed: "password", text: t("deeds.passwordWhy"), action: t("deeds.password") },
    { deed: "factor", text: t("deeds.factorWhy"), action: t("deeds.factor") },
    { deed: "removal", text: t("deeds.removalWhy"), action: t("deeds.removal"), danger: true },
  ];
  return (
    <Panel title={t("deeds.title")} flush>
      <ul className="divide-y divide-line border-t border-line">
        {rows.map((row) => (
          <li key={row.deed} className="grid justify-items-start gap-2.5 px-4 py-3.5 sm:px-5">
            <p className="text-muted">{row.text}</p>
            <Button size="small" blockedBy={blockedBy} className={classes("h-auto min-h-8 max-w-full py-1 whitespace-normal pointer-coarse:h-auto pointer-coarse:min-h-11", row.danger === true && "text-danger")} onClick={() => setDeed(row.deed)}>
              {row.action}
            </Button>
          </li>
        ))}
      </ul>
      <ConfirmDialog
        open={deed !== null}
        title={deed === null ? "" : t(`deeds.titles.${deed}`, { name: user.display_name })}
        consequence={deed === null ? "" : t(`deeds.whats.${deed}`, { name: user.display_name })}
        action={deed === null ? "" : t(`deeds.${deed}`)}
        cancel={t("cancel", { ns: "shared" })}
        pending={run.isPending}
        blockedBy={missing}
        onConfirm={() => deed !== null && run.mutate(deed)}
        onCancel={close}
      >
        <div className="grid gap-4">
          {run.isError && <ProblemAlert problem={run.error} words={toProblem(run.error).code === "conflict" ? toProblem(run.error).message : undefined} />}
          {deed === "removal" && (
            <>
              {hasMoney && (
                <Checkbox
                  checked={forfeits}
                  onChange={(event) => setForfeits(event.target.checked)}
                  label={t("deeds.forfeit", { amount: formats.money(user.balance.available, user.balance.currency) })}
                />
              )}
              <Field label={t("deeds.type", { email: user.email })}>
                <TextInput autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
              </Field>
            </>
          )}
        </div>
      </ConfirmDialog>
      {link !== null && (
        <SecretOnce
          title={t("newPerson.linkTitle")}
          explanation={t("newPerson.link", { name: user.display_name, time: formats.dateTime(link.expires_at) })}
          label={t("newPerson.linkLabel")}
          secret={link.url}
          onSaved={() => setLink(null)}
        />
      )}
    </Panel>
  );
}
