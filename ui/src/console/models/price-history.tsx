import { useQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Model, PriceHistoryEntry } from "@/api/schema";
import { useApi } from "@/features/services";
import { useCursors } from "@/features/cursors";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { useNow } from "@/features/now";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { EmptyState } from "@/kit/empty-state";
import { Fact, Facts } from "@/kit/facts";
import { Pager } from "@/kit/pager";

import { MODELS, RATES } from "./models";

/** Every price a model has had, the newest first: what changed, since when, and who did it. */
export function PriceHistory({ model }: { model: Model }) {
  const { t } = useTranslation("catalog");
  const api = useApi();
  const { cursor, page, previous, next } = useCursors();
  const list = useQuery({
    queryKey: [...MODELS, "prices", model.id, "history", cursor],
    queryFn: () => take(api.GET("/api/admin/models/{id}/prices", { params: { path: { id: model.id }, query: { cursor } } })),
  });
  return (
    <>
      <Listing query={list} rows={4} isEmpty={({ items }) => items.length === 0} empty={<EmptyState icon={<History size={18} />} title={t("history.none")} />}>
        {({ items }) => (
          <ol className="divide-y divide-line">
            {items.map((version) => (
              <Version key={version.id} of={version} />
            ))}
          </ol>
        )}
      </Listing>
      <Pager label={t("tabs.history")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
    </>
  );
}

function Version({ of: version }: { of: PriceHistoryEntry }) {
  const { t } = useTranslation("catalog");
  const formats = useFormats();
  const now = useNow();
  const isComing = Date.parse(version.effective_at) > now;
  const changes = version.changes ?? [];
  return (
    <li className="grid gap-1.5 py-3.5">
      <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <span className="font-medium">{formats.dateTime(version.effective_at)}</span>
        {version.is_current === true && <Badge tone="success">{t("history.current")}</Badge>}
        {isComing && <Badge tone="accent">{t("history.coming")}</Badge>}
      </p>
      <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
        {t("history.by", { who: version.created_by_email ?? version.created_by ?? t("history.site"), when: formats.dateTime(version.created_at) })}
      </p>
      {changes.length > 0 ? (
        <Facts>
          {changes.map(({ field, before, after }) => (
            <Fact key={field} name={nameOf(field, t)}>
              <Rate amount={before} /> → <Rate amount={after} />
            </Fact>
          ))}
        </Facts>
      ) : (
        <Facts>
          {RATES.filter((rate) => version[rate] !== null && version[rate] !== undefined && Number(version[rate]) > 0).map((rate) => (
            <Fact key={rate} name={t(`rates.${rate}`, { ns: "models" })}>
              <Rate amount={version[rate]} />
            </Fact>
          ))}
        </Facts>
      )}
    </li>
  );
}

function nameOf(field: string, t: ReturnType<typeof useTranslation<"catalog">>["t"]): string {
  const rate = RATES.find((known) => known === field);
  return rate === undefined ? field : t(`rates.${rate}`, { ns: "models" });
}

function Rate({ amount }: { amount: string | null | undefined }) {
  return amount === null || amount === undefined ? <>–</> : <Money amount={amount} currency="USD" />;
}
