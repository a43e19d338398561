import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import type { Pairing, Session } from "@/api/schema";
import { useCursors } from "@/features/cursors";
import { fields, useProblemForm } from "@/features/form";
import { Listing } from "@/features/listing";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { SessionList, sessionName } from "@/features/session-list";
import { useFormats } from "@/i18n/formats";
import { Button, buttonLook } from "@/kit/button";
import { CodeBlock } from "@/kit/code-block";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Dialog } from "@/kit/dialog";
import { EmptyState } from "@/kit/empty-state";
import { Field } from "@/kit/field";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

const SESSIONS = ["sessions"] as const;

export function SessionsPage() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const { cursor, page, previous, next } = useCursors();
  const [ending, setEnding] = useState<Session | "others" | null>(null);
  const [isPairing, setIsPairing] = useState(false);
  usePageTitle(t("places.sessions"));

  const list = useQuery({ queryKey: [...SESSIONS, cursor], queryFn: () => take(api.GET("/api/me/sessions", { params: { query: { cursor } } })) });
  const end = useMutation({
    mutationFn: async (target: Session | "others") => {
      if (target === "others") await take(api.POST("/api/me/sessions/revoke-others"));
      else await take(api.DELETE("/api/me/sessions/{session}", { params: { path: { session: target.id } } }));
    },
    onSuccess: async () => {
      setEnding(null);
      await queries.invalidateQueries({ queryKey: SESSIONS });
      toast({ text: t("sessionsPage.ended") });
    },
  });
  const close = () => {
    setEnding(null);
    end.reset();
  };
  return (
    <>
      <PageHeader
        title={t("sessionsPage.title")}
        description={t("sessionsPage.why")}
        actions={
          <Button icon={<Link2 size={16} />} variant="primary" onClick={() => setIsPairing(true)}>
            {t("pairing.start")}
          </Button>
        }
      />
      <Panel
        title={t("sessionsPage.list")}
        flush
        actions={
          (list.data?.items.length ?? 0) > 1 && (
            <Button size="small" onClick={() => setEnding("others")}>
              {t("sessionsPage.endOthers")}
            </Button>
          )
        }
      >
        <div className="border-t border-line">
          <Listing query={list} rows={3} isEmpty={({ items }) => items.length === 0} empty={<EmptyState title={t("sessionsPage.none")} />}>
            {({ items }) => <SessionList sessions={items} onRevoke={setEnding} />}
          </Listing>
          <Pager
            label={t("sessionsPage.list")}
            page={page}
            onPrevious={previous}
            onNext={next(list.data?.next_cursor)}
          />
        </div>
      </Panel>
      <ConfirmDialog
        open={ending !== null}
        title={ending === "others" ? t("sessionsPage.endOthersTitle") : t("sessionsPage.endTitle")}
        consequence={
          ending === "others" ? t("sessionsPage.endOthersWhat") : t("sessionsPage.endWhat", { name: ending === null ? "" : (sessionName(ending) ?? ending.id) })
        }
        action={ending === "others" ? t("sessionsPage.endOthers") : t("sessionsPage.end")}
        cancel={t("cancel", { ns: "shared" })}
        pending={end.isPending}
        onConfirm={() => ending !== null && end.mutate(ending)}
        onCancel={close}
      >
        {end.isError && <ProblemAlert problem={end.error} />}
      </ConfirmDialog>
      {isPairing && <PairingDialog onClose={() => setIsPairing(false)} />}
    </>
  );
}

const schema = z.object({ name: fields.requiredName() });

/** Makes the one-time code by which a device signs in without a password. */
function PairingDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const formats = useFormats();
  const [pairing, setPairing] = useState<Pairing | null>(null);
  const { register, submit, errorOf, problem, isSubmitting } = useProblemForm(schema, { name: "" });
  const send = submit(async (body) => setPairing(await take(api.POST("/api/me/devices/pairing", { body }))));
  if (pairing !== null) {
    return (
      <Dialog
        open
        onClose={onClose}
        title={t("pairing.readyTitle")}
        description={t("pairing.ready", { time: formats.dateTime(pairing.expires_at) })}
        footer={
          <>
            <Button onClick={onClose}>{t("pairing.done")}</Button>
            <a href={pairing.uri} className={buttonLook({ variant: "primary" })}>
              {t("pairing.open")}
            </a>
          </>
        }
      >
        <div className="grid gap-2">
          <CodeBlock label={t("pairing.code")} text={pairing.uri} wrap />
          <p className="text-[0.8125rem] text-muted">{t("pairing.warning")}</p>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      size="small"
      title={t("pairing.title")}
      description={t("pairing.why")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
          <Button variant="primary" type="submit" form="pairing" pending={isSubmitting}>
            {t("pairing.submit")}
          </Button>
        </>
      }
    >
      <form id="pairing" className="grid gap-4" noValidate onSubmit={send}>
        {problem !== null && <ProblemAlert problem={problem} />}
        <Field label={t("pairing.name")} hint={t("pairing.nameHint")} error={errorOf("name")}>
          <TextInput autoFocus {...register("name")} />
        </Field>
      </form>
    </Dialog>
  );
}
