import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Megaphone, Plus, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Notice, NoticeCreate, NoticeLevel } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { useNow } from "@/features/now";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { localZone } from "@/features/range";
import { useRefusals } from "@/features/refusals";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Dialog } from "@/kit/dialog";
import { EmptyState } from "@/kit/empty-state";
import { Field } from "@/kit/field";
import { IconButton } from "@/kit/icon-button";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { Table, type Column } from "@/kit/table";
import { TextArea } from "@/kit/text-area";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

const NOTICES = ["all-notices"] as const;
const LEVELS = ["info", "warning", "critical"] as const satisfies NoticeLevel[];
const TONES = { info: "accent", warning: "warning", critical: "danger" } as const;

/** What users are told when they sign in. */
export function NoticesPage() {
  const { t } = useTranslation("site");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const mayWrite = useMay("settings.write");
  const { cursor, page, previous, next } = useKeyset();
  const [edited, setEdited] = useState<Notice | "new" | null>(null);
  const [removed, setRemoved] = useState<Notice | null>(null);
  usePageTitle(t("places.notices"));
  const list = useQuery({
    queryKey: [...NOTICES, cursor],
    queryFn: () => take(api.GET("/api/admin/notices", { params: { query: { cursor } } })),
    placeholderData: keepPreviousData,
  });
  const remove = useMutation({
    mutationFn: ({ id }: Notice) => take(api.DELETE("/api/admin/notices/{id}", { params: { path: { id } } })),
    onSuccess: async () => {
      setRemoved(null);
      await queries.invalidateQueries({ queryKey: NOTICES });
      toast({ text: t("notices.removed") });
    },
  });
  const blockedBy = mayWrite ? undefined : t("settings.mayNotWrite");
  const add = (
    <Button variant="primary" icon={<Plus size={16} />} blockedBy={blockedBy} onClick={() => setEdited("new")}>
      {t("notices.add")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("places.notices")} description={t("notices.why")} actions={add} />
      <Panel flush>
        <Listing
          query={list}
          isEmpty={({ items }) => items.length === 0}
          empty={
            <EmptyState icon={<Megaphone size={18} />} title={t("notices.none")} action={add}>
              {t("notices.noneWhy")}
            </EmptyState>
          }
        >
          {({ items }) => <Notices notices={items} mayWrite={mayWrite} onEdit={setEdited} onRemove={setRemoved} />}
        </Listing>
        <Pager label={t("places.notices")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </Panel>
      {edited !== null && <NoticeDialog notice={edited === "new" ? undefined : edited} onClose={() => setEdited(null)} />}
      <ConfirmDialog
        open={removed !== null}
        title={t("notices.removeTitle")}
        consequence={t("notices.removeWhat")}
        action={t("notices.remove")}
        cancel={t("cancel", { ns: "shared" })}
        pending={remove.isPending}
        onConfirm={() => removed !== null && remove.mutate(removed)}
        onCancel={() => {
          setRemoved(null);
          remove.reset();
        }}
      >
        {remove.isError && <ProblemAlert problem={remove.error} />}
      </ConfirmDialog>
    </>
  );
}

type NoticesProps = { notices: Notice[]; mayWrite: boolean; onEdit: (notice: Notice) => void; onRemove: (notice: Notice) => void };

function Notices({ notices, mayWrite, onEdit, onRemove }: NoticesProps) {
  const { t, i18n } = useTranslation("site");
  const formats = useFormats();
  const now = useNow();
  const titleOf = ({ title }: Notice) => (i18n.language === "zh-CN" ? (title["zh-CN"] ?? title.en) : (title.en ?? title["zh-CN"])) ?? "–";
  const stateOf = ({ starts_at, ends_at }: Notice) => {
    if (typeof ends_at === "string" && Date.parse(ends_at) <= now) return "over";
    return typeof starts_at === "string" && Date.parse(starts_at) > now ? "coming" : "shown";
  };
  const columns: Column<Notice>[] = [
    {
      id: "title",
      header: t("notices.title"),
      lead: true,
      cell: (notice) =>
        mayWrite ? (
          <button type="button" className="rounded-sm text-start font-medium [overflow-wrap:anywhere] hover:underline" onClick={() => onEdit(notice)}>
            {titleOf(notice)}
          </button>
        ) : (
          <span className="font-medium [overflow-wrap:anywhere]">{titleOf(notice)}</span>
        ),
    },
    { id: "level", header: t("notices.level"), cell: ({ level }) => <Badge tone={TONES[level]}>{t(`notices.levels.${level}`)}</Badge> },
    { id: "state", header: t("notices.state"), cell: (notice) => <Badge tone={stateOf(notice) === "shown" ? "success" : "neutral"}>{t(`notices.states.${stateOf(notice)}`)}</Badge> },
    { id: "audience", header: t("notices.audience"), cell: ({ audience }) => t(`notices.audiences.${audience}`) },
    {
      id: "span",
      header: t("notices.span"),
      className: "text-[0.8125rem] text-muted",
      cell: ({ starts_at, ends_at }) =>
        typeof starts_at !== "string" && typeof ends_at !== "string" ? t("notices.always") : `${typeof starts_at === "string" ? formats.dateTime(starts_at) : "…"} – ${typeof ends_at === "string" ? formats.dateTime(ends_at) : "…"}`,
    },
    {
      id: "menu",
      header: t("notices.remove"),
      hideHeader: true,
      align: "end",
      cell: (notice) => mayWrite && <IconButton label={t("notices.removeNamed", { title: titleOf(notice) })} icon={<Trash2 size={16} />} onClick={() => onRemove(notice)} />,
    },
  ];
  return <Table caption={t("places.notices")} columns={columns} rows={notices} rowKey={({ id }) => id} />;
}

const FIELDS = ["title", "text", "level", "audience", "starts_at", "ends_at"];

/** A time as its input has it, in the reader's zone. */
function writeLocal(time: string | null | undefined): string {
  if (time === null || time === undefined) return "";
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function NoticeDialog({ notice, onClose }: { notice: Notice | undefined; onClose: () => void }) {
  const { t, i18n } = useTranslation("site");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [draft, setDraft] = useState({
    title_en: notice?.title.en ?? "", title_zh: notice?.title["zh-CN"] ?? "", text_en: notice?.text.en ?? "", text_zh: notice?.text["zh-CN"] ?? "",
    level: notice?.level ?? ("info" as NoticeLevel), audience: notice?.audience ?? ("all" as Notice["audience"]), starts: writeLocal(notice?.starts_at), ends: writeLocal(notice?.ends_at),
  });
  const [wasSent, setWasSent] = useState(false);
  const change = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const texts = (en: string, zh: string) => ({ en: en.trim() === "" ? null : en.trim(), "zh-CN": zh.trim() === "" ? null : zh.trim() });
  const time = (text: string) => (text === "" ? null : new Date(text).toISOString());
  const save = useMutation({
    mutationFn: () => {
      const body: NoticeCreate = {
        title: texts(draft.title_en, draft.title_zh), text: texts(draft.text_en, draft.text_zh), level: draft.level, audience: draft.audience, starts_at: time(draft.starts), ends_at: time(draft.ends),
      };
      return notice === undefined ? take(api.POST("/api/admin/notices", { body })) : take(api.PATCH("/api/admin/notices/{id}", { params: { path: { id: notice.id } }, body }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: NOTICES });
      toast({ text: t("notices.saved") });
      onClose();
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const isTitled = draft.title_en.trim() !== "" || draft.title_zh.trim() !== "";
  const isWritten = draft.text_en.trim() !== "" || draft.text_zh.trim() !== "";
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    if (isTitled && isWritten) save.mutate();
  };
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="notice" variant="primary" pending={save.isPending}>
        {t("notices.save")}
      </Button>
    </>
  );
  const oneOfBoth = (isGiven: boolean, field: string) => refusalOf(field) ?? (wasSent && !isGiven ? t("notices.oneLanguage") : undefined);
  return (
    <Dialog open size="large" onClose={onClose} title={notice === undefined ? t("notices.add") : t("notices.edit")} footer={footer}>
      <form id="notice" className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
        {save.isError && !isOnlyOf(FIELDS) && <ProblemAlert problem={save.error} />}
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("notices.titleEn")} error={oneOfBoth(isTitled, "title")}>
            <TextInput name="title_en" lang="en" maxLength={200} value={draft.title_en} onChange={(event) => change({ title_en: event.target.value })} />
          </Field>
          <Field label={t("notices.titleZh")}>
            <TextInput name="title_zh" lang="zh-CN" maxLength={200} value={draft.title_zh} onChange={(event) => change({ title_zh: event.target.value })} />
          </Field>
          <Field label={t("notices.textEn")} error={oneOfBoth(isWritten, "text")}>
            <TextArea name="text_en" lang="en" maxLength={5_000} value={draft.text_en} onChange={(event) => change({ text_en: event.target.value })} />
          </Field>
          <Field label={t("notices.textZh")}>
            <TextArea name="text_zh" lang="zh-CN" maxLength={5_000} value={draft.text_zh} onChange={(event) => change({ text_zh: event.target.value })} />
          </Field>
          <Field label={t("notices.level")} error={refusalOf("level")}>
            <Select value={draft.level} onChange={(event) => change({ level: event.target.value as NoticeLevel })}>
              {LEVELS.map((level) => (
                <option key={level} value={level}>
                  {t(`notices.levels.${level}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("notices.audience")} error={refusalOf("audience")}>
            <Select value={draft.audience} onChange={(event) => change({ audience: event.target.value as Notice["audience"] })}>
              <option value="all">{t("notices.audiences.all")}</option>
              <option value="admins">{t("notices.audiences.admins")}</option>
            </Select>
          </Field>
          <Field label={t("notices.starts")} optional error={refusalOf("starts_at")} hint={t("range.zone", { ns: "lists", zone: localZone(i18n.language).shown })}>
            <TextInput type="datetime-local" value={draft.starts} onChange={(event) => change({ starts: event.target.value })} />
          </Field>
          <Field label={t("notices.ends")} optional error={refusalOf("ends_at")}>
            <TextInput type="datetime-local" value={draft.ends} onChange={(event) => change({ ends: event.target.value })} />
          </Field>
        </div>
      </form>
    </Dialog>
  );
}
