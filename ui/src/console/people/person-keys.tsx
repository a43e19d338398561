import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, KeyRound, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { Key, KeyCreated, User } from "@/api/schema";
import { useCursors } from "@/features/cursors";
import { Listing } from "@/features/listing";
import { useNow } from "@/features/now";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { useMay } from "@/features/session";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { EmptyState } from "@/kit/empty-state";
import { Field } from "@/kit/field";
import { IconButton } from "@/kit/icon-button";
import { Menu, MenuItem } from "@/kit/menu";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { SecretOnce } from "@/kit/secret-once";
import { Select } from "@/kit/select";
import { useToast } from "@/kit/toast";

import { PEOPLE } from "./people";

type Deed = { kind: "rotate" | "revoke"; key: Key };

/** How long the old secret of a rotated key is still accepted, in seconds. */
const GRACES = { atOnce: 0, hour: 3_600, day: 86_400, week: 604_800 } as const;
type Grace = keyof typeof GRACES;

/** The keys of a person, to be looked at, given a new secret, or taken away. */
export function PersonKeys({ user, blockedBy }: { user: User; blockedBy: string | undefined }) {
  const { t } = useTranslation("console");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const mayWrite = useMay("keys.write");
  const { cursor, page, previous, next } = useCursors();
  const [deed, setDeed] = useState<Deed | null>(null);
  const [grace, setGrace] = useState<Grace>("atOnce");
  const [created, setCreated] = useState<KeyCreated | null>(null);
  const keys = [...PEOPLE, "keys", user.id];
  const list = useQuery({
    queryKey: [...keys, cursor],
    queryFn: () => take(api.GET("/api/admin/users/{id}/keys", { params: { path: { id: user.id }, query: { cursor } } })),
  });
  const close = () => {
    setDeed(null);
    setGrace("atOnce");
    run.reset();
  };
  const run = useMutation({
    mutationFn: async ({ kind, key }: Deed) => {
      const params = { path: { id: user.id, key: key.id } };
      if (kind === "revoke") {
        await take(api.DELETE("/api/admin/users/{id}/keys/{key}", { params }));
        return null;
      }
      return take(api.POST("/api/admin/users/{id}/keys/{key}/rotate", { params, body: { grace_seconds: GRACES[grace] } }));
    },
    onSuccess: async (made) => {
      close();
      if (made === null) toast({ text: t("keys.revoked") });
      else setCreated(made);
      await queries.invalidateQueries({ queryKey: keys });
    },
    onError: (thrown) => toProblem(thrown).code === "withheld" && close(),
  });
  return (
    <Panel title={t("keys.title")} flush>
      <div className="border-t border-line">
        <Listing query={list} rows={2} isEmpty={({ items }) => items.length === 0} empty={<EmptyState icon={<KeyRound size={18} />} title={t("keys.none")} />}>
          {({ items }) => <KeyList keys={items} blockedBy={blockedBy ?? (mayWrite ? undefined : t("person.mayNotWrite"))} onDeed={setDeed} />}
        </Listing>
        <Pager label={t("keys.title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </div>
      <ConfirmDialog
        open={deed !== null}
        tone={deed?.kind === "rotate" ? "primary" : "danger"}
        title={deed === null ? "" : t(`keys.titles.${deed.kind}`, { name: deed.key.name })}
        consequence={deed === null ? "" : t(`keys.whats.${deed.kind}`)}
        action={deed === null ? "" : t(`keys.${deed.kind}`)}
        cancel={t("cancel", { ns: "shared" })}
        pending={run.isPending}
        onConfirm={() => deed !== null && run.mutate(deed)}
        onCancel={close}
      >
        {run.isError && <ProblemAlert problem={run.error} words={toProblem(run.error).code === "conflict" ? t("keys.isRevoked") : undefined} />}
        {deed?.kind === "rotate" && (
          <Field label={t("keys.grace")} hint={t("keys.graceHint")}>
            <Select value={grace} onChange={(event) => setGrace(event.target.value as Grace)}>
              {(Object.keys(GRACES) as Grace[]).map((name) => (
                <option key={name} value={name}>
                  {t(`keys.graces.${name}`)}
                </option>
              ))}
            </Select>
          </Field>
        )}
      </ConfirmDialog>
      {created !== null && (
        <SecretOnce
          title={t("keys.onceTitle")}
          explanation={t("keys.once", { name: user.display_name })}
          label={t("keys.secret")}
          secret={created.secret}
          onSaved={() => setCreated(null)}
        />
      )}
    </Panel>
  );
}

type KeyListProps = { keys: Key[]; blockedBy: string | undefined; onDeed: (deed: Deed) => void };

function KeyList({ keys, blockedBy, onDeed }: KeyListProps) {
  const { t } = useTranslation("console");
  const formats = useFormats();
  const now = useNow();
  return (
    <ul className="divide-y divide-line">
      {keys.map((key) => (
        <li key={key.id} className="flex items-center gap-3.5 px-4 py-3 sm:px-5">
          <KeyRound size={18} aria-hidden="true" className="shrink-0 text-muted" />
          <div className="grid min-w-0 flex-1 gap-0.5">
            <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="font-medium [overflow-wrap:anywhere]">{key.name}</span>
              <KeyState apiKey={key} now={now} />
            </p>
            <p className="flex flex-wrap gap-x-3 text-[0.8125rem] [overflow-wrap:anywhere] text-muted">
              <code className="font-mono text-xs leading-5">{key.preview}</code>
              <span>{t("keys.made", { date: formats.date(key.created_at) })}</span>
              {(["day", "month", "total"] as const).map((span) => {
                const amount = key.budgets[span];
                return typeof amount === "string" && <span key={span}>{t(`budgets.${span}`, { ns: "books", amount: formats.money(amount, "USD") })}</span>;
              })}
              {key.expires_at && Date.parse(key.expires_at) > now && (
                <span title={formats.dateTimeExact(key.expires_at)}>{t("keys.until", { when: formats.relative(key.expires_at, now) })}</span>
              )}
            </p>
          </div>
          {key.status !== "revoked" && (
            <Menu trigger={<IconButton label={t("keys.menu", { name: key.name })} icon={<Ellipsis size={18} />} />}>
              <MenuItem icon={<RefreshCw size={16} />} disabled={blockedBy !== undefined} hint={blockedBy} onSelect={() => onDeed({ kind: "rotate", key })}>
                {t("keys.rotate")}
              </MenuItem>
              <MenuItem icon={<Trash2 size={16} />} tone="danger" disabled={blockedBy !== undefined} hint={blockedBy} onSelect={() => onDeed({ kind: "revoke", key })}>
                {t("keys.revoke")}
              </MenuItem>
            </Menu>
          )}
        </li>
      ))}
    </ul>
  );
}

const TONES = { active: "success", disabled: "warning", revoked: "neutral", expired: "neutral" } as const;

function KeyState({ apiKey, now }: { apiKey: Key; now: number }) {
  const { t } = useTranslation("console");
  const isExpired = apiKey.status === "active" && apiKey.expires_at && Date.parse(apiKey.expires_at) <= now;
  const state = isExpired ? "expired" : apiKey.status;
  return <Badge tone={TONES[state]}>{t(`keys.states.${state}`)}</Badge>;
}
