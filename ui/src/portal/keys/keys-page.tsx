import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Ban, Ellipsis, KeyRound, ListTree, Pencil, Plus, Power, RefreshCw } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Key, KeyCreate, KeyCreated } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { useApi } from "@/features/services";
import { useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { useNow } from "@/features/now";
import { KEYS } from "@/features/own-keys";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert, useProblemWords } from "@/features/problem-alert";
import { useFormats } from "@/i18n/formats";
import { Alert } from "@/kit/alert";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { EmptyState } from "@/kit/empty-state";
import { IconButton } from "@/kit/icon-button";
import { Menu, MenuItem, MenuSeparator } from "@/kit/menu";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Skeleton } from "@/kit/skeleton";
import { Table, type Column } from "@/kit/table";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";
import { KeyForm } from "./key-form";
import { KeySecret } from "./key-secret";
import { RotateDialog, type Grace } from "./rotate-dialog";

type Open = { what: "new" } | { what: "edit" | "rotate" | "revoke"; key: Key };

/** One's keys: what each may do and what it spends, and everything that can be done with it. */
export function KeysPage() {
  const { t } = useTranslation("keys");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const { cursor, page, previous, next } = useKeyset();
  const [open, setOpen] = useState<Open | null>(null);
  // A secret is kept here for as long as its dialog is open, and nowhere else.
  const [shown, setShown] = useState<{ created: KeyCreated; grace?: Grace } | null>(null);
  usePageTitle(t("title"));

  const list = useQuery({
    queryKey: [...KEYS, "list", cursor],
    queryFn: () => take(api.GET("/api/me/keys", { params: { query: { cursor } } })),
    placeholderData: keepPreviousData,
  });
  const refresh = () => queries.invalidateQueries({ queryKey: KEYS });
  const make = async (body: KeyCreate) => {
    const created = await take(api.POST("/api/me/keys", { body }));
    setOpen(null);
    setShown({ created });
    void refresh();
  };
  const save = async (key: Key, body: KeyCreate) => {
    await take(api.PATCH("/api/me/keys/{key}", { params: { path: { key: key.id } }, body }));
    setOpen(null);
    await refresh();
    toast({ text: t("form.saved") });
  };
  const revoke = useMutation({
    mutationFn: (key: Key) => take(api.DELETE("/api/me/keys/{key}", { params: { path: { key: key.id } } })),
    onSuccess: async () => {
      setOpen(null);
      await refresh();
      toast({ text: t("revoke.done") });
    },
  });
  const close = () => {
    setOpen(null);
    revoke.reset();
  };
  const add = (
    <Button variant="primary" icon={<Plus size={16} />} onClick={() => setOpen({ what: "new" })}>
      {t("create")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} actions={add} />
      <Panel flush>
        <Listing
          query={list}
          isEmpty={({ items }) => items.length === 0}
          empty={
            <EmptyState icon={<KeyRound size={18} />} title={t("none")} action={add}>
              {t("noneWhy")}
            </EmptyState>
          }
        >
          {({ items }) => <KeyTable keys={items} onOpen={setOpen} />}
        </Listing>
        <Pager label={t("title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </Panel>
      {open?.what === "new" && <KeyForm onSend={make} onClose={close} />}
      {open?.what === "edit" && <KeyForm edited={open.key} onSend={(body) => save(open.key, body)} onClose={close} />}
      {open?.what === "rotate" && (
        <RotateDialog
          rotated={open.key}
          onClose={close}
          onRotated={(created, grace) => {
            setOpen(null);
            setShown({ created, grace });
            void refresh();
          }}
        />
      )}
      {open?.what === "revoke" && (
        <ConfirmDialog
          open
          title={t("revoke.title", { name: open.key.name })}
          consequence={t("revoke.what")}
          action={t("revoke.action")}
          cancel={t("cancel", { ns: "shared" })}
          pending={revoke.isPending}
          onConfirm={() => revoke.mutate(open.key)}
          onCancel={close}
        >
          {revoke.isError && <ProblemAlert problem={revoke.error} />}
        </ConfirmDialog>
      )}
      {shown !== null && (
        <KeySecret created={shown.created} note={shown.grace !== undefined && <OldKey grace={shown.grace} />} onSaved={() => setShown(null)} />
      )}
    </>
  );
}

function OldKey({ grace }: { grace: Grace }) {
  const { t } = useTranslation("keys");
  const formats = useFormats();
  const [now] = useState(() => Date.now());
  const until = new Date(now + Number(grace) * 1_000).toISOString();
  return <Alert tone="info">{grace === "0" ? t("rotate.oldStopsNow") : t("rotate.oldStops", { when: formats.relative(until, now) })}</Alert>;
}

function KeyTable({ keys, onOpen }: { keys: Key[]; onOpen: (open: Open) => void }) {
  const { t } = useTranslation("keys");
  const api = useApi();
  const formats = useFormats();
  const spent = useQuery({ queryKey: ["usage", "summary", "keys"], queryFn: () => take(api.GET("/api/me/usage/summary")) });
  const columns: Column<Key>[] = [
    {
      id: "name",
      header: t("name"),
      lead: true,
      cell: (key) => (
        <span className="grid min-w-28 sm:max-w-64">
          <span className="truncate font-medium">{key.name}</span>
          <code className="truncate font-mono text-[0.8125rem] text-muted">{key.preview}</code>
        </span>
      ),
    },
    { id: "status", header: t("status"), cell: (key) => <KeyStatusBadge of={key} /> },
    { id: "limits", header: t("limits"), className: "sm:max-w-64", cell: (key) => <Limits of={key} /> },
    {
      id: "spent",
      header: t("spent"),
      align: "end",
      className: "whitespace-nowrap",
      cell: (key) => {
        if (spent.isPending) return <Skeleton className="ms-auto w-16" />;
        if (spent.isError) return <span className="text-muted">–</span>;
        return <Money amount={spent.data.keys.find(({ key_id }) => key_id === key.id)?.cost ?? "0"} currency="USD" />;
      },
    },
    { id: "created", header: t("created"), align: "end", className: "whitespace-nowrap text-muted", cell: (key) => formats.date(key.created_at) },
    { id: "menu", header: t("menu"), hideHeader: true, align: "end", cell: (key) => <KeyMenu of={key} onOpen={onOpen} /> },
  ];
  return <Table caption={t("title")} columns={columns} rows={keys} rowKey={(key) => key.id} />;
}

function KeyStatusBadge({ of: key }: { of: Key }) {
  const { t } = useTranslation("keys");
  const now = useNow();
  if (key.status === "active" && isPast(key.expires_at, now)) return <Badge tone="warning">{t("statuses.expired")}</Badge>;
  return <Badge tone={key.status === "active" ? "success" : key.status === "disabled" ? "warning" : "neutral"}>{t(`statuses.${key.status}`, { defaultValue: key.status })}</Badge>;
}

function Limits({ of: key }: { of: Key }) {
  const { t } = useTranslation("keys");
  const formats = useFormats();
  const amount = (text: string) => formats.money(text, "USD");
  const { day, month, total } = key.budgets;
  const words = [
    day !== null && day !== undefined && t("limit.day", { amount: amount(day) }),
    month !== null && month !== undefined && t("limit.month", { amount: amount(month) }),
    total !== null && total !== undefined && t("limit.total", { amount: amount(total) }),
    key.expires_at !== null && key.expires_at !== undefined && t("limit.until", { date: formats.date(key.expires_at) }),
    key.allowed_models !== null && key.allowed_models !== undefined && t("limit.models", { count: key.allowed_models.length }),
    key.allowed_ips !== null && key.allowed_ips !== undefined && t("limit.addresses", { count: key.allowed_ips.length }),
    key.output_cap !== null && key.output_cap !== undefined && t("limit.output", { tokens: formats.number(key.output_cap) }),
  ].filter((word) => word !== false);
  if (words.length === 0) return <span className="text-muted">{t("noLimits")}</span>;
  return <span className="text-[0.8125rem]">{words.join(" · ")}</span>;
}

function KeyMenu({ of: key, onOpen }: { of: Key; onOpen: (open: Open) => void }) {
  const { t } = useTranslation("keys");
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const toast = useToast();
  const say = useProblemWords();
  const isRevoked = key.status === "revoked";
  // Turning a key off can be taken back, so it is done at once; the page shows it when the server has.
  const turn = useMutation({
    mutationFn: (status: "active" | "disabled") => take(api.PATCH("/api/me/keys/{key}", { params: { path: { key: key.id } }, body: { status } })),
    onSuccess: async (_, status) => {
      await queries.invalidateQueries({ queryKey: KEYS });
      toast(
        status === "active"
          ? { text: t("enabled", { name: key.name }) }
          : { text: t("disabled", { name: key.name }), action: { label: t("undo"), run: () => turn.mutate("active") } },
      );
    },
    onError: (thrown) => toast({ tone: "danger", text: say(toProblem(thrown)) }),
  });
  return (
    <Menu trigger={<IconButton className="ms-auto" label={t("menuNamed", { name: key.name })} icon={<Ellipsis size={18} />} />}>
      <MenuItem icon={<ListTree size={16} />} onSelect={() => void navigate({ to: paths.requests, search: { key: key.id } as never })}>
        {t("actions.requests")}
      </MenuItem>
      {!isRevoked && (
        <>
          <MenuItem icon={<Pencil size={16} />} onSelect={() => onOpen({ what: "edit", key })}>
            {t("actions.edit")}
          </MenuItem>
          <MenuItem icon={<RefreshCw size={16} />} onSelect={() => onOpen({ what: "rotate", key })}>
            {t("actions.rotate")}
          </MenuItem>
          <MenuItem icon={<Power size={16} />} onSelect={() => turn.mutate(key.status === "active" ? "disabled" : "active")}>
            {key.status === "active" ? t("actions.disable") : t("actions.enable")}
          </MenuItem>
          <MenuSeparator />
          <MenuItem icon={<Ban size={16} />} tone="danger" onSelect={() => onOpen({ what: "revoke", key })}>
            {t("actions.revoke")}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function isPast(time: string | null | undefined, now: number): boolean {
  return time !== null && time !== undefined && Date.parse(time) <= now;
}
