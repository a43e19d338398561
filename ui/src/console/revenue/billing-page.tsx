import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ArrowRightLeft, Wallet } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { BillingStatistics, HeldBalance, MovementSum, Unit } from "@/api/schema";
import { useApi } from "@/features/services";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { useNow } from "@/features/now";
import { usePageTitle } from "@/features/page-title";
import { localZone, useRange } from "@/features/range";
import { RangeFilter } from "@/features/range-filter";
import { useAccountWords, useAmountWords } from "@/features/transfer-words";
import { useFormats } from "@/i18n/formats";
import { EmptyState } from "@/kit/empty-state";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Stat, Stats } from "@/kit/stat";
import { Table, type Column } from "@/kit/table";

import { useReasonWords } from "./reason-words";

/** What users hold now, and what moved it in a span of time. */
export function BillingPage() {
  const { t, i18n } = useTranslation("figures");
  const api = useApi();
  const range = useRange("30d");
  usePageTitle(t("billing.title"));
  const query = { ...range.bounds, time_zone: localZone(i18n.language).name };
  const billing = useQuery({
    queryKey: ["stats", "billing", query],
    queryFn: () => take(api.GET("/api/admin/stats/billing", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHeader title={t("billing.title")} description={t("billing.why")} />
      <Listing query={billing} rows={8} isEmpty={() => false} empty={null}>
        {(data) => (
          <div className="grid grid-cols-1 gap-5">
            <Held of={data} />
            <RangeFilter range={range} />
            <Moved of={data.movements} />
            <Paid of={data.calls} />
          </div>
        )}
      </Listing>
    </>
  );
}

function Held({ of: { balances, holds } }: { of: BillingStatistics }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  const now = useNow();
  const nameOf = useAccountWords();
  const write = useAmount();
  const columns: Column<HeldBalance>[] = [
    { id: "kind", header: t("account", { ns: "ledger" }), lead: true, className: "font-medium", cell: ({ kind }) => nameOf(kind) },
    { id: "accounts", header: t("billing.accounts"), align: "end", cell: ({ accounts }) => formats.number(accounts) },
    { id: "available", header: t("billing.available"), align: "end", className: "whitespace-nowrap", cell: ({ available, unit }) => write(available, unit) },
    { id: "pending", header: t("billing.pending"), align: "end", className: "whitespace-nowrap text-muted", cell: ({ pending, unit }) => write(pending, unit) },
    { id: "posted", header: t("billing.posted"), align: "end", className: "whitespace-nowrap font-medium", cell: ({ posted, unit }) => write(posted, unit) },
  ];
  return (
    <Panel
      title={t("billing.held")}
      description={
        holds.open === 0 ? t("billing.noHolds") : t("billing.holds", { count: holds.open, amount: formats.money(holds.amount, "USD"), when: holds.oldest_at ? formats.relative(holds.oldest_at, now) : "–" })
      }
      flush
    >
      <div className="border-t border-line">
        {balances.length === 0 ? (
          <EmptyState icon={<Wallet size={18} />} title={t("billing.noneHeld")} />
        ) : (
          <Table caption={t("billing.held")} columns={columns} rows={balances} rowKey={({ kind, unit }) => `${kind} ${unit}`} />
        )}
      </div>
    </Panel>
  );
}

function Moved({ of: movements }: { of: MovementSum[] }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  const nameOf = useAccountWords();
  const say = useReasonWords();
  const write = useAmount();
  const columns: Column<MovementSum>[] = [
    { id: "reason", header: t("billing.reason"), lead: true, className: "font-medium", cell: ({ reason_code }) => say(reason_code) },
    { id: "account", header: t("account", { ns: "ledger" }), cell: ({ account }) => nameOf(account) },
    { id: "count", header: t("billing.count"), align: "end", cell: ({ count }) => formats.number(count) },
    {
      id: "amount",
      header: t("amount", { ns: "ledger" }),
      align: "end",
      className: "whitespace-nowrap",
      cell: ({ direction, amount, unit }) => (
        <span className={direction === "credit" ? "text-success" : undefined}>
          {direction === "credit" ? "+" : "−"}
          {write(amount, unit)}
        </span>
      ),
    },
  ];
  return (
    <Panel title={t("billing.moved")} description={t("billing.movedWhy")} flush>
      <div className="border-t border-line">
        {movements.length === 0 ? (
          <EmptyState icon={<ArrowRightLeft size={18} />} title={t("billing.noneMoved")} />
        ) : (
          <Table caption={t("billing.moved")} columns={columns} rows={movements} rowKey={(sum) => [sum.direction, sum.account, sum.unit, sum.reason_code].join(" ")} />
        )}
      </div>
    </Panel>
  );
}

function Paid({ of: calls }: { of: BillingStatistics["calls"] }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  const money = (amount: string) => <Money amount={amount} currency="USD" />;
  return (
    <Panel title={t("billing.calls")} description={t("billing.callsWhy", { count: calls.requests, shown: formats.number(calls.requests) })}>
      <Stats>
        <Stat label={t("revenue.charged")} note={<>{t("revenue.gift")} {money(calls.gift_paid)}</>}>{money(calls.charged)}</Stat>
        <Stat label={t("revenue.granted")}>{money(calls.granted)}</Stat>
        <Stat label={t("revenue.loss")}>{money(calls.operator_loss)}</Stat>
        <Stat label={t("revenue.list")}>{money(calls.cost)}</Stat>
      </Stats>
    </Panel>
  );
}

/** An amount of what an account counts; money to its last digit. */
function useAmount(): (amount: string, unit: Unit) => ReactNode {
  const write = useAmountWords();
  return (amount, unit) => (unit === "usd" ? <Money amount={amount} currency="USD" /> : write(amount, unit));
}
