import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { MailPlus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { take } from "@/api/client";
import type { Invite } from "@/api/schema";
import { fields, given, useProblemForm } from "@/features/form";
import { Listing } from "@/features/listing";
import { useNow } from "@/features/now";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { useFormats } from "@/i18n/formats";
import { LANGUAGE_NAMES, LANGUAGES } from "@/i18n/language";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Dialog } from "@/kit/dialog";
import { EmptyState } from "@/kit/empty-state";
import { Field } from "@/kit/field";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { SecretOnce } from "@/kit/secret-once";
import { Select } from "@/kit/select";
import { Table, type Column } from "@/kit/table";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { useKeyset } from "./keyset";
import { paths } from "./paths";

const INVITES = ["invites"] as const;
const TONES = { open: "accent", used: "success", revoked: "neutral", expired: "neutral" } as const;

export function InvitationsPage() {
  const { t } = useTranslation("console");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const { cursor, page, previous, next } = useKeyset();
  const [isMaking, setIsMaking] = useState(false);
  const [revoking, setRevoking] = useState<Invite | null>(null);
  usePageTitle(t("places.invitations"));
  const list = useQuery({
    queryKey: [...INVITES, cursor],
    queryFn: () => take(api.GET("/api/admin/invites", { params: { query: { cursor } } })),
    placeholderData: keepPreviousData,
  });
  const revoke = useMutation({
    mutationFn: (invite: Invite) => take(api.DELETE("/api/admin/invites/{id}", { params: { path: { id: invite.id } } })),
    onSuccess: async () => {
      setRevoking(null);
      await queries.invalidateQueries({ queryKey: INVITES });
      toast({ text: t("invites.revoked") });
    },
  });
  const add = (
    <Button variant="primary" icon={<MailPlus size={16} />} onClick={() => setIsMaking(true)}>
      {t("invites.make")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("places.invitations")} description={t("invites.why")} actions={add} />
      <Panel flush>
        <Listing
          query={list}
          isEmpty={({ items }) => items.length === 0}
          empty={
            <EmptyState icon={<MailPlus size={18} />} title={t("invites.none")} action={add}>
              {t("invites.noneWhy")}
            </EmptyState>
          }
        >
          {({ items }) => <InviteTable invites={items} onRevoke={setRevoking} />}
        </Listing>
        <Pager label={t("places.invitations")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </Panel>
      {isMaking && <InviteDialog onClose={() => setIsMaking(false)} onMade={() => queries.invalidateQueries({ queryKey: INVITES })} />}
      <ConfirmDialog
        open={revoking !== null}
        title={t("invites.revokeTitle")}
        consequence={t("invites.revokeWhat", { whom: revoking?.email ?? t("invites.anybody") })}
        action={t("invites.revoke")}
        cancel={t("cancel", { ns: "shared" })}
        pending={revoke.isPending}
        onConfirm={() => revoking !== null && revoke.mutate(revoking)}
        onCancel={() => {
          setRevoking(null);
          revoke.reset();
        }}
      >
        {revoke.isError && <ProblemAlert problem={revoke.error} />}
      </ConfirmDialog>
    </>
  );
}

function InviteTable({ invites, onRevoke }: { invites: Invite[]; onRevoke: (invite: Invite) => void }) {
  const { t } = useTranslation("console");
  const formats = useFormats();
  const now = useNow();
  const columns: Column<Invite>[] = [
    {
      id: "whom",
      header: t("invites.whom"),
      lead: true,
      cell: (invite) => (
        <span className={invite.email ? "font-medium [overflow-wrap:anywhere]" : "text-muted"}>{invite.email ?? t("invites.anybody")}</span>
      ),
    },
    { id: "status", header: t("people.status"), cell: (invite) => <Badge tone={TONES[invite.status]}>{t(`invites.statuses.${invite.status}`)}</Badge> },
    { id: "made", header: t("invites.made"), className: "whitespace-nowrap text-muted", cell: (invite) => formats.date(invite.created_at) },
    {
      id: "until",
      header: t("invites.until"),
      className: "sm:whitespace-nowrap",
      cell: (invite) => {
        if (invite.used_by) {
          return (
            <Link to={paths.person(invite.used_by)} className="rounded-sm font-medium text-accent hover:underline">
              {t("invites.usedBy", { date: formats.date(invite.used_at ?? invite.created_at) })}
            </Link>
          );
        }
        return <span title={formats.dateTimeExact(invite.expires_at)}>{invite.status === "open" ? formats.relative(invite.expires_at, now) : "–"}</span>;
      },
    },
    {
      id: "revoke",
      header: t("actions"),
      hideHeader: true,
      align: "end",
      cell: (invite) =>
        invite.status === "open" && (
          <Button size="small" aria-label={t("invites.revokeNamed", { whom: invite.email ?? t("invites.anybody") })} onClick={() => onRevoke(invite)}>
            {t("invites.revoke")}
          </Button>
        ),
    },
  ];
  return <Table caption={t("places.invitations")} columns={columns} rows={invites} rowKey={(invite) => invite.id} />;
}

const DAYS = ["1", "7", "30", "90"] as const;
const schema = z.object({ email: fields.optionalEmail(), days: z.enum(DAYS), locale: z.enum(["", "zh-CN", "en"]) });

function InviteDialog({ onClose, onMade }: { onClose: () => void; onMade: () => Promise<void> }) {
  const { t } = useTranslation("console");
  const api = useApi();
  const [made, setMade] = useState<{ link: string; mailedTo: string | null } | null>(null);
  const { register, submit, errorOf, problem, isSubmitting } = useProblemForm(schema, { email: "", days: "7", locale: "" });
  const send = submit(async ({ email, days, locale }) => {
    const body = { expires_in_days: Number(days), ...given("email", email), ...(locale === "" ? {} : { locale }) };
    const created = await take(api.POST("/api/admin/invites", { body }));
    setMade({ link: created.link, mailedTo: created.is_mailed ? email : null });
    await onMade();
  });
  if (made !== null) {
    return (
      <SecretOnce
        title={t("invites.madeTitle")}
        explanation={made.mailedTo === null ? t("invites.madeLink") : t("invites.madeMailed", { email: made.mailedTo })}
        label={t("invites.link")}
        secret={made.link}
        onSaved={onClose}
      />
    );
  }
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="invite" variant="primary" pending={isSubmitting}>
        {t("invites.make")}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={onClose} size="small" title={t("invites.make")} footer={footer}>
      <form id="invite" className="grid gap-4" noValidate onSubmit={send}>
        {problem !== null && <ProblemAlert problem={problem} />}
        <Field label={t("newPerson.email")} hint={t("invites.emailHint")} optional error={errorOf("email")}>
          <TextInput type="email" autoFocus autoComplete="off" {...register("email")} />
        </Field>
        <Field label={t("invites.days")} error={errorOf("days")}>
          <Select {...register("days")}>
            {DAYS.map((days) => (
              <option key={days} value={days}>
                {t("invites.forDays", { count: Number(days) })}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("invites.language")} error={errorOf("locale")}>
          <Select {...register("locale")}>
            <option value="">{t("invites.siteLanguage")}</option>
            {LANGUAGES.map((language) => (
              <option key={language} value={language}>
                {LANGUAGE_NAMES[language]}
              </option>
            ))}
          </Select>
        </Field>
      </form>
    </Dialog>
  );
}
