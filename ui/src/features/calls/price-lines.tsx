import { useTranslation } from "react-i18next";

import type { PriceLine, RequestDetails } from "@/api/schema";
import { Money } from "@/features/money";
import { useAccountWords, useAmountWords } from "@/features/transfer-words";
import { useFormats } from "@/i18n/formats";
import { Fact, Facts } from "@/kit/facts";

const PPM = 1_000_000;
const KINDS = [
  "input", "cache_read", "cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h", "output", "reasoning", "audio_input", "audio_output",
  "image_input", "image_output", "per_request",
] as const;

/** What a bucket of tokens is called; one that came later keeps the server's name. */
export function useKindWords(): (kind: string) => string {
  const { t } = useTranslation("requests");
  return (kind) => {
    const known = KINDS.find((name) => name === kind);
    return known === undefined ? kind : t(`kinds.${known}`);
  };
}

/** How the cost of a call came about: each line, the multiplier, the sum, and what paid it. */
export function PriceLines({ request }: { request: RequestDetails }) {
  const { t, i18n } = useTranslation("requests");
  const nameOf = useAccountWords();
  const write = useAmountWords();
  const multiplier = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 6 }).format(request.multiplier_ppm / PPM);
  const granted = request.sources.filter(({ unit }) => unit !== "usd");
  return (
    <div className="grid gap-3">
      {request.price_lines.length > 0 && <Lines lines={request.price_lines} />}
      <Facts>
        {request.multiplier_ppm !== PPM && <Fact name={t("price.multiplier", { factor: multiplier })}>{""}</Fact>}
        <Fact name={<span className="font-medium text-ink">{t("price.cost")}</span>}>
          <span className="font-medium">
            <Money amount={request.cost} currency="USD" />
          </span>
        </Fact>
        <Fact name={t("price.charged")}>{Number(request.charged) === 0 ? t("price.chargedNothing") : <Money amount={request.charged} currency="USD" />}</Fact>
        {granted.map((source) => (
          <Fact key={source.account_id} name={t("price.granted", { account: nameOf("grant") })}>
            {write(source.amount, source.unit)}
          </Fact>
        ))}
      </Facts>
      {(request.price_lines.length > 0 || !request.is_priced_by_lines) && (
        <p className="text-[0.8125rem] text-muted">{request.is_priced_by_lines ? t("price.rounding") : t("price.notByLines")}</p>
      )}
    </div>
  );
}

function Lines({ lines }: { lines: PriceLine[] }) {
  const { t } = useTranslation("requests");
  const formats = useFormats();
  const say = useKindWords();
  const cell = "px-2.5 py-1.5 text-end tabular-nums first:ps-0 first:text-start last:pe-0";
  return (
    <div className="overflow-x-auto">
      <table className="w-full border-collapse">
        <caption className="sr-only">{t("price.title")}</caption>
        <thead>
          <tr className="border-b border-line text-xs text-muted">
            {(["line", "tokens", "rate", "amount"] as const).map((name) => (
              <th key={name} scope="col" className={`${cell} font-medium whitespace-nowrap`}>
                {t(`price.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {lines.map((line) => (
            <tr key={line.kind}>
              <th scope="row" className={`${cell} font-normal`}>
                {say(line.kind)}
              </th>
              <td className={cell}>{line.tokens === null || line.tokens === undefined ? "" : formats.number(line.tokens)}</td>
              <td className={cell}>{line.per_million === null || line.per_million === undefined ? "" : <Money amount={line.per_million} currency="USD" />}</td>
              <td className={cell}>
                <Money amount={line.amount} currency="USD" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
