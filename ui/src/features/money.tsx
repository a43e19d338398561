import { useFormats } from "@/i18n/formats";

const CENTS_AND_LESS = /^(.*[.,]\d{2})(\d+)(\D*)$/s;

/** An amount to its last digit. What is less than a cent stands back. */
export function Money({ amount, currency }: { amount: string; currency: string }) {
  const text = useFormats().money(amount, currency);
  const [, whole = text, less = "", end = ""] = CENTS_AND_LESS.exec(text) ?? [];
  return (
    <span className="tabular-nums">
      {whole}
      {less !== "" && <span className="text-[0.85em] text-muted">{less}</span>}
      {end}
    </span>
  );
}
