import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { useProblemForm } from "@/features/form";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { ME } from "@/features/session";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { CodeBlock } from "@/kit/code-block";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { Panel } from "@/kit/panel";
import { Skeleton } from "@/kit/skeleton";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { RECOVERY_CODES, TOTP, useTotp } from "./factors";
import { RecoveryCodesOnce } from "./recovery-codes-once";

const QrCode = lazy(() => import("./qr-code"));
type Setup = { secret: string; uri: string };

export function TotpSection() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const formats = useFormats();
  const [setup, setSetup] = useState<Setup | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [isRemoving, setIsRemoving] = useState(false);
  const state = useTotp();
  const refresh = () => Promise.all([TOTP, RECOVERY_CODES, ME].map((queryKey) => queries.invalidateQueries({ queryKey })));

  const begin = useMutation({ mutationFn: () => take(api.POST("/api/me/totp")), onSuccess: setSetup });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/me/totp")),
    onSuccess: async () => {
      setIsRemoving(false);
      await refresh();
      toast({ text: t("totp.removed") });
    },
    onError: (thrown) => toProblem(thrown).code === "withheld" && setIsRemoving(false),
  });
  const confirmed = async (given: string[]) => {
    setSetup(null);
    setCodes(given);
    await refresh();
  };

  const isOn = state.data?.enabled === true;
  const action = state.isSuccess && (isOn ? (
    <Button onClick={() => setIsRemoving(true)}>{t("totp.remove")}</Button>
  ) : (
    <Button variant="primary" pending={begin.isPending} onClick={() => begin.mutate()}>
      {t("totp.setUp")}
    </Button>
  ));
  return (
    <Panel title={t("totp.title")} description={t("totp.why")} actions={action}>
      {state.isPending && <Skeleton className="h-5 w-40" />}
      {state.isError && <ProblemAlert problem={state.error} onRetry={() => state.refetch()} />}
      {begin.isError && <ProblemAlert problem={begin.error} />}
      {state.isSuccess && (
        <p className="flex flex-wrap items-center gap-2 text-muted">
          {isOn ? <Badge tone="success">{t("totp.on")}</Badge> : <Badge>{t("totp.off")}</Badge>}
          {isOn && state.data.enabled_at && t("totp.since", { date: formats.date(state.data.enabled_at) })}
        </p>
      )}
      {setup !== null && <SetupDialog setup={setup} onClose={() => setSetup(null)} onConfirmed={(given) => void confirmed(given)} />}
      {codes !== null && <RecoveryCodesOnce codes={codes} onSaved={() => setCodes(null)} />}
      <ConfirmDialog
        open={isRemoving}
        title={t("totp.removeTitle")}
        consequence={t("totp.removeWhat")}
        action={t("totp.remove")}
        cancel={t("cancel", { ns: "shared" })}
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
        onCancel={() => {
          setIsRemoving(false);
          remove.reset();
        }}
      >
        {remove.isError && <ProblemAlert problem={remove.error} />}
      </ConfirmDialog>
    </Panel>
  );
}

const schema = z.object({ code: z.string().check(z.trim(), z.minLength(1, "invalid.required"), z.regex(/^\d{3}\s?\d{3}$/, "invalid.code")) });

function SetupDialog({ setup, onClose, onConfirmed }: { setup: Setup; onClose: () => void; onConfirmed: (codes: string[]) => void }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const { register, submit, errorOf, problem, isSubmitting } = useProblemForm(schema, { code: "" }, { "code.invalid": t("totp.wrong") });
  const send = submit(async ({ code }) => {
    const { codes } = await take(api.POST("/api/me/totp/confirm", { body: { code: code.replaceAll(/\s/g, "") } }));
    onConfirmed(codes);
  });
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="totp" variant="primary" pending={isSubmitting}>
        {t("totp.confirm")}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={onClose} title={t("totp.setUpTitle")} description={t("totp.scan")} footer={footer}>
      <form id="totp" className="grid gap-5" noValidate onSubmit={send}>
        {problem !== null && <ProblemAlert problem={problem} words={problem.code === "invalid_credentials" ? t("totp.wrong") : undefined} />}
        <div className="grid justify-items-center gap-4 sm:grid-cols-[auto_minmax(0,1fr)] sm:items-center sm:justify-items-stretch">
          <Suspense fallback={<div className="size-44" />}>
            <QrCode text={setup.uri} label={t("totp.qr")} />
          </Suspense>
          <div className="grid w-full min-w-0 gap-2">
            <p className="text-[0.8125rem] text-muted">{t("totp.byHand")}</p>
            <CodeBlock label={t("totp.secret")} text={setup.secret} wrap />
          </div>
        </div>
        <Field label={t("totp.code")} error={errorOf("code")}>
          <TextInput
            autoFocus
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={7}
            className="font-mono text-base tracking-[0.25em] tabular-nums"
            {...register("code")}
          />
        </Field>
      </form>
    </Dialog>
  );
}
