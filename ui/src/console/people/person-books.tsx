import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { BookOpen } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Transfer, User } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { useCursors } from "@/features/cursors";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { shortId } from "@/features/short-id";
import { useAccountWords, useAmountWords, useTransferWords } from "@/features/transfer-words";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { classes } from "@/kit/classes";
import { CopyId } from "@/kit/copy-id";
import { EmptyState } from "@/kit/empty-state";
import { Fact, Facts } from "@/kit/facts";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Table, type Column } from "@/kit/table";

import { paths } from "../paths";
import { AdjustmentDialog } from "./adjustment-dialog";
import { PEOPLE } from "./people";

const REQUEST = "req_";

/** The way to change a balance by hand. */
export function AdjustButton({ user, blockedBy }: { user: User; blockedBy: string | undefined }) {
  const { t } = useTranslation("books");
  const mayWrite = useMay("ledger.write");
  const balance = useBalance(user);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button variant="primary" blockedBy={mayWrite ? blockedBy : t("mayNotAdjust")} onClick={() => setIsOpen(true)}>
        {t("adjust.open")}
      </Button>
      {isOpen && <AdjustmentDialog user={user} balance={balance.data} onClose={() => setIsOpen(false)} />}
    </>
  );
}

function useBalance(user: User) {
  const api = useApi();
  return useQuery({ queryKey: [...PEOPLE, "balance", user.id], queryFn: () => take(api.GET("/api/admin/users/{id}/balance", { params: { path: { id: user.id } } })) });
}

/** What a person has, and every movement that made it so. */
export function PersonBooks({ user }: { user: User }) {
  const { t } = useTranslation("books");
  const api = useApi();
  const nameOf = useAccountWords();
  const writeAmount = useAmountWords();
  const { cursor, page, previous, next } = useCursors();
  const params = { path: { id: user.id } };
  const balance = useBalance(user);
  const list = useQuery({
    queryKey: [...PEOPLE, "ledger", user.id, cursor],
    queryFn: () => take(api.GET("/api/admin/users/{id}/ledger", { params: { ...params, query: { cursor } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel title={t("title")} flush>
      <div className="border-t border-line">
        {balance.data !== undefined && balance.data.accounts.length > 0 && (
          <div className="border-b border-line px-4 py-2 sm:px-5">
            <Facts>
              {balance.data.accounts.map((account) => (
                <Fact key={account.id} name={nameOf(account.kind)}>
                  {account.unit === "usd" ? <Money amount={account.available} currency="USD" /> : writeAmount(account.available, account.unit)}
                </Fact>
              ))}
            </Facts>
          </div>
        )}
        <Listing query={list} rows={3} isEmpty={({ items }) => items.length === 0} empty={<EmptyState icon={<BookOpen size={18} />} title={t("none")} />}>
          {({ items }) => <Entries entries={items} />}
        </Listing>
        <Pager label={t("title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </div>
    </Panel>
  );
}

function Entries({ entries }: { entries: Transfer[] }) {
  const { t } = useTranslation("books");
  const formats = useFormats();
  const wordsOf = useTransferWords();
  const writeAmount = useAmountWords();
  const columns: Column<Transfer>[] = [
    { id: "what", header: t("what", { ns: "ledger" }), lead: true, className: "font-medium", cell: (entry) => <Named of={entry} name={wordsOf(entry).name} /> },
    { id: "time", header: t("time", { ns: "ledger" }), className: "whitespace-nowrap tabular-nums", cell: (entry) => formats.dateTime(entry.created_at) },
    { id: "reference", header: t("reference", { ns: "ledger" }), className: "whitespace-nowrap", cell: (entry) => <Reference of={entry} /> },
    {
      id: "amount",
      header: t("amount", { ns: "ledger" }),
      align: "end",
      className: "whitespace-nowrap",
      cell: (entry) => (
        <span className={classes(entry.direction === "credit" && "font-medium text-success", entry.direction === "none" && "text-muted")}>
          {entry.direction === "credit" ? "+" : entry.direction === "debit" ? "−" : ""}
          {entry.unit === "usd" ? <Money amount={entry.amount} currency="USD" /> : writeAmount(entry.amount, entry.unit)}
        </span>
      ),
    },
  ];
  return <Table caption={t("title")} columns={columns} rows={entries} rowKey={({ id }) => id} />;
}

/** The entry that the address names is brought into sight, and stands out. */
function Named({ of: { id }, name }: { of: Transfer; name: string }) {
  const isMeant = useLocation({ select: ({ hash }) => hash === id });
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!isMeant) return;
    ref.current?.scrollIntoView({ block: "center" });
    ref.current?.focus({ preventScroll: true });
  }, [isMeant]);
  return (
    <span ref={ref} tabIndex={isMeant ? -1 : undefined} aria-current={isMeant ? "true" : undefined} className="rounded-sm outline-offset-4 aria-[current]:bg-accent-soft aria-[current]:text-accent">
      {name}
    </span>
  );
}

/** What an entry belongs to: a call can be opened, everything else has a number to speak of. */
function Reference({ of: entry }: { of: Transfer }) {
  const { t } = useTranslation("ledger");
  const id = entry.cause ?? entry.id;
  if (!id.startsWith(REQUEST)) return <CopyId id={id} shown={shortId(id)} label={t("copyReference")} />;
  return (
    <Link to={paths.request(id)} title={id} className="rounded-sm text-accent underline underline-offset-2">
      <span className="font-mono text-[0.8125rem]">{shortId(id)}</span>
    </Link>
  );
}
