import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { OfferedModel, OfferedPrice } from "@/api/schema";
import { quote } from "@/features/calls/curl";
import { Money } from "@/features/money";
import { useSiteAddress } from "@/features/site";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { buttonLook } from "@/kit/button";
import { CodeBlock } from "@/kit/code-block";
import { CopyId } from "@/kit/copy-id";
import { Fact, Facts } from "@/kit/facts";
import { Sheet } from "@/kit/sheet";

import { paths } from "../paths";

const RATES = [
  "input_per_million", "output_per_million", "reasoning_per_million", "cache_read_per_million", "cache_write_5m_per_million", "cache_write_30m_per_million",
  "cache_write_1h_per_million", "cache_write_12h_per_million", "audio_input_per_million", "audio_output_per_million", "image_input_per_million", "image_output_per_million",
] as const satisfies (keyof OfferedPrice)[];

/** One model: what it takes, all its prices, and how it is called. */
export function ModelSheet({ model, isSignedIn, onClose }: { model: OfferedModel; isSignedIn: boolean; onClose: () => void }) {
  const { t } = useTranslation("models");
  const formats = useFormats();
  const { base } = useSiteAddress();
  const tokens = (count: number | null | undefined) => (count === null || count === undefined ? t("sheet.notKnown") : t("contextOf", { tokens: formats.number(count) }));
  const call = [
    `curl ${quote(`${base}/chat/completions`)} \\`,
    `  -H "Authorization: Bearer $WAYSTATION_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${quote(JSON.stringify({ model: model.name, messages: [{ role: "user", content: "Hello!" }] }))}`,
  ].join("\n");
  return (
    <Sheet
      title={model.display_name}
      description={model.is_served ? undefined : <Badge tone="warning">{t("unavailable")}</Badge>}
      onClose={onClose}
      footer={
        isSignedIn ? (
          <Link to={paths.playground} search={{ model: model.name } as never} className={buttonLook({ variant: "primary" })}>
            {t("sheet.try")}
          </Link>
        ) : undefined
      }
    >
      <div className="grid gap-6">
        <Facts>
          <Fact name={t("sheet.name")}>
            <CopyId id={model.name} label={t("copyName")} />
          </Fact>
          <Fact name={t("sheet.context")}>{tokens(model.context_length)}</Fact>
          <Fact name={t("sheet.output")}>{tokens(model.max_output_tokens)}</Fact>
          {model.capabilities.length > 0 && (
            <Fact name={t("capabilities")}>
              <Capabilities of={model.capabilities} />
            </Fact>
          )}
        </Facts>
        <Prices price={model.price} title={t("sheet.prices")} note={t("sheet.since", { date: formats.date(model.price.effective_at) })} />
        {model.next_price !== null && model.next_price !== undefined && (
          <Prices price={model.next_price} title={t("sheet.next", { date: formats.dateTime(model.next_price.effective_at) })} />
        )}
        <section className="grid gap-2">
          <h3 className="text-[0.8125rem] font-semibold">{t("sheet.call")}</h3>
          <CodeBlock label={t("sheet.call")} text={call} />
        </section>
      </div>
    </Sheet>
  );
}

function Prices({ price, title, note }: { price: OfferedPrice; title: string; note?: string }) {
  const { t } = useTranslation("models");
  const rates = RATES.flatMap((rate) => (price[rate] === null || price[rate] === undefined ? [] : [{ rate, amount: price[rate] }]));
  return (
    <section className="grid gap-2">
      <h3 className="flex flex-wrap justify-between gap-x-4 text-[0.8125rem] font-semibold">
        {title}
        {note !== undefined && <span className="font-normal text-muted">{note}</span>}
      </h3>
      <Facts>
        {rates.map(({ rate, amount }) => (
          <Fact key={rate} name={t(`rates.${rate}`)}>
            <Money amount={amount} currency="USD" />
          </Fact>
        ))}
        {Number(price.per_request) > 0 && (
          <Fact name={t("rates.per_request")}>
            <Money amount={price.per_request} currency="USD" />
          </Fact>
        )}
      </Facts>
    </section>
  );
}

const CAPABILITIES = ["vision", "tools", "reasoning", "audio", "json", "embeddings", "streaming", "chat", "web_search"] as const;

/** What a model can do; a word that came later is shown as the server has it. */
export function Capabilities({ of: names }: { of: string[] }) {
  const say = useCapabilityWords();
  return (
    <span className="inline-flex flex-wrap justify-end gap-1 sm:justify-start">
      {names.map((name) => (
        <Badge key={name}>{say(name)}</Badge>
      ))}
    </span>
  );
}

export function useCapabilityWords(): (name: string) => string {
  const { t } = useTranslation("models");
  return (name) => {
    const known = CAPABILITIES.find((capability) => capability === name);
    return known === undefined ? name : t(`names.${known}`);
  };
}
