import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BookOpen, Wallet } from "lucide-react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Account, Transfer } from "@/api/schema";
import { useApi } from "@/features/services";
import { useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { usePageTitle } from "@/features/page-title";
import { shortId } from "@/features/short-id";
import { useAccountWords, useAmountWords, useTransferWords } from "@/features/transfer-words";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { classes } from "@/kit/classes";
import { CopyId } from "@/kit/copy-id";
import { EmptyState } from "@/kit/empty-state";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Table, type Column } from "@/kit/table";

import { paths } from "../paths";

const REQUEST = "req_";

/** What there is to spend, and every movement that made it so. */
export function LedgerPage() {
  const { t } = useTranslation("ledger");
  const api = useApi();
  const { cursor, page, previous, next } = useKeyset();
  usePageTitle(t("title"));
  const balance = useQuery({ queryKey: ["balance"], queryFn: () => take(api.GET("/api/me/balance")) });
  const list = useQuery({
    queryKey: ["ledger", cursor],
    queryFn: () => take(api.GET("/api/me/ledger", { params: { query: { cursor } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} />
      <div className="grid gap-5">
        <Panel title={t("accountsTitle")} description={t("accountsWhy")} flush>
          <div className="border-t border-line">
            <Listing
              query={balance}
              rows={2}
              isEmpty={({ accounts }) => accounts.length === 0}
              empty={
                <EmptyState icon={<Wallet size={18} />} title={t("noAccounts")}>
                  {t("noAccountsWhy")}
                </EmptyState>
              }
            >
              {({ accounts }) => <Accounts accounts={accounts} />}
            </Listing>
          </div>
        </Panel>
        <Panel title={t("entries")} flush>
          <div className="border-t border-line">
            <Listing
              query={list}
              isEmpty={({ items }) => items.length === 0}
              empty={
                <EmptyState icon={<BookOpen size={18} />} title={t("none")}>
                  {t("noneWhy")}
                </EmptyState>
              }
            >
              {({ items }) => <Entries entries={items} accounts={balance.data?.accounts ?? []} />}
            </Listing>
            <Pager label={t("title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
          </div>
        </Panel>
      </div>
    </>
  );
}

function Accounts({ accounts }: { accounts: Account[] }) {
  const { t } = useTranslation("ledger");
  const formats = useFormats();
  const nameOf = useAccountWords();
  const columns: Column<Account>[] = [
    {
      id: "kind",
      header: t("account"),
      lead: true,
      cell: (account) => (
        <span className="grid">
          <span className="font-medium">{nameOf(account.kind)}</span>
          {account.models !== null && account.models !== undefined && (
            <span className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{t("forModels", { models: account.models.join(", ") })}</span>
          )}
        </span>
      ),
    },
    {
      id: "expires",
      header: t("expires"),
      className: "whitespace-nowrap text-muted",
      cell: (account) =>
        account.expired ? (
          <Badge tone="warning">{t("expired")}</Badge>
        ) : account.expires_at === null || account.expires_at === undefined ? (
          t("never")
        ) : (
          formats.date(account.expires_at)
        ),
    },
    { id: "held", header: t("held"), align: "end", className: "whitespace-nowrap text-muted", cell: (account) => <Amount amount={account.pending} unit={account.unit} /> },
    { id: "available", header: t("availableOf"), align: "end", className: "whitespace-nowrap font-medium", cell: (account) => <Amount amount={account.available} unit={account.unit} /> },
  ];
  return <Table caption={t("accountsTitle")} columns={columns} rows={accounts} rowKey={(account) => account.id} />;
}

function Entries({ entries, accounts }: { entries: Transfer[]; accounts: Account[] }) {
  const { t } = useTranslation("ledger");
  const formats = useFormats();
  const wordsOf = useTransferWords();
  const nameOf = useAccountWords();
  const accountOf = (id: string | null | undefined) => accounts.find((account) => account.id === id);
  const columns: Column<Transfer>[] = [
    {
      id: "what",
      header: t("what"),
      lead: true,
      cell: (entry) => {
        const { name, what } = wordsOf(entry);
        return (
          <span className="flex flex-wrap items-baseline gap-x-2.5">
            <span className="font-medium whitespace-nowrap">{name}</span>
            <span className="text-[0.8125rem] text-muted">
              {entry.reverses === null || entry.reverses === undefined ? what : t("takesBack", { id: shortId(entry.reverses) })}
            </span>
          </span>
        );
      },
    },
    { id: "time", header: t("time"), className: "whitespace-nowrap tabular-nums", cell: (entry) => formats.moment(entry.created_at) },
    { id: "account", header: t("account"), className: "whitespace-nowrap text-muted", cell: (entry) => nameOf(accountOf(entry.account_id)?.kind ?? "cash") },
    { id: "reference", header: t("reference"), className: "whitespace-nowrap", cell: (entry) => <Reference of={entry} /> },
    {
      id: "amount",
      header: t("amount"),
      align: "end",
      className: "whitespace-nowrap",
      cell: (entry) => (
        <span className={classes(entry.direction === "credit" && "font-medium text-success", entry.direction === "none" && "text-muted")}>
          {entry.direction === "credit" ? "+" : entry.direction === "debit" ? "−" : ""}
          <Amount amount={entry.amount} unit={entry.unit} />
        </span>
      ),
    },
  ];
  return <Table caption={t("entries")} columns={columns} rows={entries} rowKey={(entry) => entry.id} />;
}

/** What an entry belongs to: a call can be opened, everything else has a number to speak of. */
function Reference({ of: entry }: { of: Transfer }) {
  const { t } = useTranslation("ledger");
  const cause = entry.cause ?? null;
  if (cause?.startsWith(REQUEST) === true) {
    return (
      <Link to={paths.request(cause)} title={cause} className="rounded-sm text-accent underline underline-offset-2">
        {t("openRequest")} <span className="font-mono text-[0.8125rem]">{shortId(cause)}</span>
      </Link>
    );
  }
  const id = cause ?? entry.id;
  return <CopyId id={id} shown={shortId(id)} label={t("copyReference")} />;
}

function Amount({ amount, unit }: Pick<Transfer, "amount" | "unit">) {
  const write = useAmountWords();
  return unit === "usd" ? <Money amount={amount} currency="USD" /> : <span className="tabular-nums">{write(amount, unit)}</span>;
}
