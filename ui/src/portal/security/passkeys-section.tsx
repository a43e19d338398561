import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, Fingerprint, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import { canUsePasskeys, createPasskey, PasskeyCancelled } from "@/api/passkeys";
import { ApiProblem, toProblem } from "@/api/problem";
import type { Passkey } from "@/api/schema";
import { fields, useProblemForm } from "@/features/form";
import { Listing } from "@/features/listing";
import { useNow } from "@/features/now";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { ME } from "@/features/session";
import { useSignInOptions } from "@/features/sign-in-options";
import { readUserAgent } from "@/features/user-agent";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Dialog } from "@/kit/dialog";
import { EmptyState } from "@/kit/empty-state";
import { Field } from "@/kit/field";
import { IconButton } from "@/kit/icon-button";
import { Menu, MenuItem } from "@/kit/menu";
import { Panel } from "@/kit/panel";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { PASSKEYS, RECOVERY_CODES, usePasskeys } from "./factors";
import { RecoveryCodesOnce } from "./recovery-codes-once";


export function PasskeysSection() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [naming, setNaming] = useState<Passkey | "new" | null>(null);
  const [removing, setRemoving] = useState<Passkey | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const options = useSignInOptions();
  const list = usePasskeys();
  const refresh = () => Promise.all([PASSKEYS, RECOVERY_CODES, ME].map((queryKey) => queries.invalidateQueries({ queryKey })));
  const remove = useMutation({
    mutationFn: (passkey: Passkey) => take(api.DELETE("/api/me/passkeys/{id}", { params: { path: { id: passkey.id } } })),
    onSuccess: async () => {
      setRemoving(null);
      await refresh();
      toast({ text: t("passkeys.removed") });
    },
    onError: (thrown) => toProblem(thrown).code === "withheld" && setRemoving(null),
  });
  const blockedBy = options.data?.has_passkeys === false ? t("passkeys.noSite") : canUsePasskeys() ? undefined : t("passkeys.unsupported");
  const add = (
    <Button variant="primary" blockedBy={blockedBy} onClick={() => setNaming("new")}>
      {t("passkeys.add")}
    </Button>
  );
  return (
    <Panel title={t("passkeys.title")} description={t("passkeys.why")} actions={add} flush>
      <div className="border-t border-line">
        <Listing
          query={list}
          rows={2}
          isEmpty={({ items }) => items.length === 0}
          empty={
            <EmptyState icon={<Fingerprint size={18} />} title={t("passkeys.none")}>
              {t("passkeys.noneWhy")}
            </EmptyState>
          }
        >
          {({ items }) => <PasskeyList passkeys={items} onRename={setNaming} onRemove={setRemoving} />}
        </Listing>
      </div>
      {naming !== null && (
        <NameDialog
          passkey={naming === "new" ? null : naming}
          onClose={() => setNaming(null)}
          onDone={async (given) => {
            setNaming(null);
            if (given) setCodes(given);
            await refresh();
          }}
        />
      )}
      {codes !== null && <RecoveryCodesOnce codes={codes} onSaved={() => setCodes(null)} />}
      <ConfirmDialog
        open={removing !== null}
        title={t("passkeys.removeTitle", { name: removing?.name ?? "" })}
        consequence={t("passkeys.removeWhat")}
        action={t("passkeys.remove")}
        cancel={t("cancel", { ns: "shared" })}
        pending={remove.isPending}
        onConfirm={() => removing !== null && remove.mutate(removing)}
        onCancel={() => {
          setRemoving(null);
          remove.reset();
        }}
      >
        {remove.isError && <ProblemAlert problem={remove.error} words={toProblem(remove.error).code === "conflict" ? t("passkeys.last") : undefined} />}
      </ConfirmDialog>
    </Panel>
  );
}

function PasskeyList({ passkeys, onRename, onRemove }: { passkeys: Passkey[]; onRename: (passkey: Passkey) => void; onRemove: (passkey: Passkey) => void }) {
  const { t } = useTranslation("portal");
  const formats = useFormats();
  const now = useNow();
  return (
    <ul className="divide-y divide-line">
      {passkeys.map((passkey) => (
        <li key={passkey.id} className="flex items-center gap-3.5 px-4 py-3 sm:px-5">
          <Fingerprint size={18} aria-hidden="true" className="shrink-0 text-muted" />
          <div className="grid min-w-0 flex-1 gap-0.5">
            <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="font-medium [overflow-wrap:anywhere]">{passkey.name}</span>
              {passkey.backed_up && <Badge>{t("passkeys.synced")}</Badge>}
            </p>
            <p className="flex flex-wrap gap-x-3 text-[0.8125rem] [overflow-wrap:anywhere] text-muted">
              <span>{t("passkeys.made", { date: formats.date(passkey.created_at) })}</span>
              <span>
                {passkey.last_used_at ? t("passkeys.used", { when: formats.relative(passkey.last_used_at, now) }) : t("passkeys.neverUsed")}
              </span>
            </p>
          </div>
          <Menu trigger={<IconButton label={t("passkeys.menu", { name: passkey.name })} icon={<Ellipsis size={18} />} />}>
            <MenuItem icon={<Pencil size={16} />} onSelect={() => onRename(passkey)}>
              {t("passkeys.rename")}
            </MenuItem>
            <MenuItem icon={<Trash2 size={16} />} tone="danger" onSelect={() => onRemove(passkey)}>
              {t("passkeys.remove")}
            </MenuItem>
          </Menu>
        </li>
      ))}
    </ul>
  );
}

const schema = z.object({ name: fields.requiredName() });

/** Names a passkey; a new one is made with its name. */
function NameDialog({ passkey, onClose, onDone }: { passkey: Passkey | null; onClose: () => void; onDone: (codes?: string[] | null) => void }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const { register, submit, errorOf, problem, isSubmitting } = useProblemForm(schema, { name: passkey?.name ?? readUserAgent(navigator.userAgent) });
  const send = submit(async ({ name }) => {
    if (passkey !== null) {
      await take(api.PATCH("/api/me/passkeys/{id}", { params: { path: { id: passkey.id } }, body: { name } }));
      return onDone();
    }
    try {
      const { challenge, options } = await take(api.POST("/api/me/passkeys/start"));
      const credential = await createPasskey(options);
      const made = await take(api.POST("/api/me/passkeys/finish", { body: { challenge, name, credential } }));
      onDone(made.recovery_codes);
    } catch (thrown) {
      if (thrown instanceof PasskeyCancelled) throw new ApiProblem("unreadable_answer", t("passkeys.cancelled"));
      if (thrown instanceof Error && thrown.name === "InvalidStateError") throw new ApiProblem("unreadable_answer", t("passkeys.known"));
      throw thrown;
    }
  });
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="passkey" variant="primary" pending={isSubmitting}>
        {passkey === null ? t("passkeys.create") : t("passkeys.rename")}
      </Button>
    </>
  );
  return (
    <Dialog
      open
      size="small"
      onClose={onClose}
      title={passkey === null ? t("passkeys.addTitle") : t("passkeys.rename")}
      description={passkey === null ? t("passkeys.addWhy") : undefined}
      footer={footer}
    >
      <form id="passkey" className="grid gap-4" noValidate onSubmit={send}>
        {problem !== null && <ProblemAlert problem={problem} words={problem.code === "invalid_link" ? t("passkeys.over") : problem.code === "unreadable_answer" && problem.status === 0 ? problem.message : undefined} />}
        <Field label={t("passkeys.name")} hint={t("passkeys.nameHint")} error={errorOf("name")}>
          <TextInput autoFocus {...register("name")} />
        </Field>
      </form>
    </Dialog>
  );
}
