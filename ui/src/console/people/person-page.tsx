import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { Session, User } from "@/api/schema";
import { useCursors } from "@/features/cursors";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { mayActOn } from "@/features/roles";
import { useApi } from "@/features/services";
import { useMay, useMe } from "@/features/session";
import { SessionList, sessionName } from "@/features/session-list";
import { useFormats } from "@/i18n/formats";
import { Button, buttonLook } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { CopyButton } from "@/kit/copy-button";
import { EmptyState } from "@/kit/empty-state";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Skeleton } from "@/kit/skeleton";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { PEOPLE } from "./people";
import { RoleBadge, StatusBadge } from "./people-page";
import { AdjustButton, PersonBooks } from "./person-books";
import { PersonActions } from "./person-actions";
import { PersonForm } from "./person-form";
import { PersonKeys } from "./person-keys";
import { PersonUsage } from "./person-usage";

export function PersonPage() {
  const { t } = useTranslation("console");
  const api = useApi();
  const { id } = useParams({ strict: false }) as { id: string };
  const person = useQuery({
    queryKey: [...PEOPLE, "one", id],
    queryFn: () => take(api.GET("/api/admin/users/{id}", { params: { path: { id } } })),
  });
  usePageTitle(person.data?.display_name ?? t("places.people"));
  const back = (
    <Link to={paths.people} className="inline-flex w-fit items-center gap-1.5 rounded-control text-[0.8125rem] text-muted hover:text-ink">
      <ArrowLeft size={14} aria-hidden="true" />
      {t("places.people")}
    </Link>
  );
  if (person.isPending) return <Skeleton className="h-40" />;
  if (person.isError) {
    const isLost = toProblem(person.error).code === "not_found";
    return (
      <>
        <PageHeader title={isLost ? t("person.lost") : t("places.people")} back={back} />
        <ProblemAlert problem={person.error} onRetry={isLost ? undefined : () => person.refetch()} />
      </>
    );
  }
  return <Person user={person.data} back={back} />;
}

function Person({ user, back }: { user: User; back: React.ReactNode }) {
  const { t } = useTranslation("console");
  const formats = useFormats();
  const me = useMe().data;
  const mayWrite = useMay("users.write");
  const maySeeAudit = useMay("audit.read");
  const maySeeKeys = useMay("keys.read");
  const maySeeBooks = useMay("ledger.read");
  const maySeeCalls = useMay("requests.read");
  const maySeeStats = useMay("stats.read");
  const isSelf = me?.id === user.id;
  const isHigher = me !== undefined && !mayActOn(me.role, user.role);
  // Said, not hidden: whoever may not change a person learns why.
  const blockedBy = !mayWrite ? t("person.mayNotWrite") : isSelf ? t("person.isSelf") : isHigher ? t("person.isHigher") : undefined;
  return (
    <>
      <PageHeader
        back={back}
        title={user.display_name}
        description={
          <span className="flex flex-wrap items-center gap-2">
            <span className="[overflow-wrap:anywhere]">{user.email}</span>
            <RoleBadge role={user.role} />
            <StatusBadge user={user} />
          </span>
        }
        actions={
          (maySeeCalls || maySeeBooks) && (
            <>
              {maySeeCalls && (
                <>
                  <Link to={paths.requestsOf(user.id)} className={buttonLook({})}>
                    {t("calls", { ns: "books" })}
                  </Link>
                  <Link to={paths.errorsOf(user.id)} className={buttonLook({})}>
                    {t("failedCalls", { ns: "books" })}
                  </Link>
                </>
              )}
              {maySeeBooks && <AdjustButton user={user} blockedBy={blockedBy} />}
            </>
          )
        }
      />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <div className="grid min-w-0 grid-cols-1 gap-5">
          {maySeeStats && <PersonUsage user={user} />}
          <Panel title={t("person.edit")} description={blockedBy}>
            <PersonForm key={user.id} user={user} blockedBy={blockedBy} />
          </Panel>
          {maySeeKeys && <PersonKeys user={user} blockedBy={blockedBy} />}
          <PersonSessions user={user} blockedBy={blockedBy} />
        </div>
        <div className="grid gap-5">
          <Panel title={t("person.facts")}>
            <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-2.5 [&>dd]:text-end">
              <dt className="text-muted">{t("people.balance")}</dt>
              <dd className="font-medium tabular-nums"><Money amount={user.balance.available} currency={user.balance.currency} /></dd>
              <dt className="text-muted">{t("person.held")}</dt>
              <dd className="tabular-nums"><Money amount={user.balance.pending} currency={user.balance.currency} /></dd>
              <dt className="text-muted">{t("person.username")}</dt>
              <dd className="[overflow-wrap:anywhere]">{user.username ?? "–"}</dd>
              <dt className="text-muted">{t("people.since")}</dt>
              <dd>{formats.date(user.created_at)}</dd>
              <dt className="text-muted">{t("person.verified")}</dt>
              <dd>{user.email_verified_at ? formats.date(user.email_verified_at) : t("person.notYet")}</dd>
              <dt className="text-muted">{t("person.id")}</dt>
              <dd className="flex min-w-0 items-center justify-end gap-1">
                <code className="min-w-0 truncate font-mono text-xs">{user.id}</code>
                <CopyButton value={user.id} label={t("person.copyId")} />
              </dd>
            </dl>
            {maySeeAudit && (
              <p className="mt-4 flex flex-wrap gap-x-5 gap-y-1 border-t border-line pt-3">
                <Link to={paths.auditLogOf(user.id)} className="rounded-sm py-0.5 font-medium text-accent hover:underline">
                  {t("person.audit")}
                </Link>
                <Link to={paths.auditLogBy(user.id)} className="rounded-sm py-0.5 font-medium text-accent hover:underline">
                  {t("person.auditBy")}
                </Link>
              </p>
            )}
          </Panel>
          <PersonActions user={user} blockedBy={blockedBy} />
        </div>
        {maySeeBooks && (
          <div className="min-w-0 lg:col-span-2">
            <PersonBooks user={user} />
          </div>
        )}
      </div>
    </>
  );
}

function PersonSessions({ user, blockedBy }: { user: User; blockedBy: string | undefined }) {
  const { t } = useTranslation("console");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [ending, setEnding] = useState<Session | "all" | null>(null);
  const key = [...PEOPLE, "sessions", user.id];
  const { cursor, page, previous, next } = useCursors();
  const list = useQuery({
    queryKey: [...key, cursor],
    queryFn: () => take(api.GET("/api/admin/users/{id}/sessions", { params: { path: { id: user.id }, query: { cursor } } })),
  });
  const end = useMutation({
    mutationFn: async (target: Session | "all") => {
      if (target === "all") await take(api.DELETE("/api/admin/users/{id}/sessions", { params: { path: { id: user.id } } }));
      else await take(api.DELETE("/api/admin/users/{id}/sessions/{session}", { params: { path: { id: user.id, session: target.id } } }));
    },
    onSuccess: async () => {
      setEnding(null);
      await queries.invalidateQueries({ queryKey: key });
      toast({ text: t("person.sessionsEnded") });
    },
  });
  const hasSome = (list.data?.items.length ?? 0) > 0;
  return (
    <Panel
      title={t("person.sessions")}
      flush
      actions={
        hasSome && (
          <Button size="small" blockedBy={blockedBy} onClick={() => setEnding("all")}>
            {t("person.endAll")}
          </Button>
        )
      }
    >
      <div className="border-t border-line">
        <Listing query={list} rows={2} isEmpty={({ items }) => items.length === 0} empty={<EmptyState title={t("person.noSessions")} />}>
          {({ items }) => <SessionList sessions={items} onRevoke={blockedBy === undefined ? setEnding : undefined} />}
        </Listing>
        <Pager label={t("person.sessions")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </div>
      <ConfirmDialog
        open={ending !== null}
        title={ending === "all" ? t("person.endAllTitle", { name: user.display_name }) : t("person.endTitle")}
        consequence={
          ending === "all" ? t("person.endAllWhat") : t("person.endWhat", { name: ending === null ? "" : (sessionName(ending) ?? ending.id) })
        }
        action={ending === "all" ? t("person.endAll") : t("person.end")}
        cancel={t("cancel", { ns: "shared" })}
        pending={end.isPending}
        onConfirm={() => ending !== null && end.mutate(ending)}
        onCancel={() => {
          setEnding(null);
          end.reset();
        }}
      >
        {end.isError && <ProblemAlert problem={end.error} />}
      </ConfirmDialog>
    </Panel>
  );
}
