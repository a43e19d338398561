import { useTranslation } from "react-i18next";

import type { Transfer, Unit } from "@/api/schema";
import { useFormats } from "@/i18n/formats";

const KINDS = ["consumption", "operator_loss", "top_up", "grant", "expiry", "reversal"] as const;
const ACCOUNTS = ["cash", "gift", "grant", "quota", "debt"] as const;

/** What an entry of the books means, in plain words. */
export function useTransferWords(): (transfer: Pick<Transfer, "kind" | "direction">) => { name: string; what: string } {
  const { t } = useTranslation("ledger");
  return ({ kind, direction }) => {
    const known = kind === "adjustment" ? (direction === "debit" ? "adjustment_debit" : "adjustment_credit") : KINDS.find((name) => name === kind);
    // One that came later keeps the server's name.
    return known === undefined ? { name: kind, what: t("kinds.other.what") } : { name: t(`kinds.${known}.name`), what: t(`kinds.${known}.what`) };
  };
}

/** What an account is called; one that came later keeps the server's name. */
export function useAccountWords(): (kind: string) => string {
  const { t } = useTranslation("ledger");
  return (kind) => {
    const known = ACCOUNTS.find((name) => name === kind);
    return known === undefined ? kind : t(`accounts.${known}`);
  };
}

/** An amount of what an account counts: money, tokens or calls. */
export function useAmountWords(): (amount: string, unit: Unit) => string {
  const { t } = useTranslation("ledger");
  const formats = useFormats();
  return (amount, unit) => {
    const exact = formats.number(amount);
    return unit === "usd" ? formats.money(amount, "USD") : t(`units.${unit}`, { count: Number(amount), amount: exact, defaultValue: `${exact} ${String(unit)}` });
  };
}
