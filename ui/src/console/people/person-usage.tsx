import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { UsageSums, User, UserStatistics } from "@/api/schema";
import { useApi } from "@/features/services";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { useNow } from "@/features/now";
import { shortId } from "@/features/short-id";
import { useFormats } from "@/i18n/formats";
import { EmptyState } from "@/kit/empty-state";
import { Panel } from "@/kit/panel";
import { Stat, Stats } from "@/kit/stat";

import { paths } from "../paths";
import { PEOPLE } from "./people";

const NAMED_MAX = 5;

/** How much a person calls, what for, and what goes wrong. */
export function PersonUsage({ user }: { user: User }) {
  const { t } = useTranslation("figures");
  const api = useApi();
  const formats = useFormats();
  const now = useNow();
  const stats = useQuery({
    queryKey: [...PEOPLE, "usage", user.id],
    queryFn: () => take(api.GET("/api/admin/stats/users/{id}", { params: { path: { id: user.id } } })),
  });
  const last = stats.data?.last_request_at;
  return (
    <Panel title={t("usage.title")} description={last ? t("usage.last", { when: formats.relative(last, now) }) : t("usage.why")}>
      <Listing query={stats} rows={4} isEmpty={({ month }) => month.requests === 0} empty={<EmptyState title={t("usage.none")} />}>
        {(data) => <Usage of={data} user={user} />}
      </Listing>
    </Panel>
  );
}

function Usage({ of: { day, month, models, keys, errors }, user }: { of: UserStatistics; user: User }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  const figure = (label: string, write: (sums: UsageSums) => ReactNode) => (
    <Stat
      label={label}
      note={
        <>
          {t("usage.day")} {write(day)}
        </>
      }
    >
      {write(month)}
    </Stat>
  );
  return (
    <div className="grid grid-cols-1 gap-5">
      <Stats>
        {figure(t("overview.requests"), ({ requests }) => formats.number(requests))}
        {figure(t("overview.errors"), (sums) => formats.number(sums.errors))}
        {figure(t("overview.tokens"), ({ input_tokens, output_tokens }) => formats.number(input_tokens + output_tokens))}
        {figure(t("usage.paid"), ({ charged }) => (
          <Money amount={charged} currency="USD" />
        ))}
      </Stats>
      <div className="grid grid-cols-1 gap-x-8 gap-y-5 xl:grid-cols-2">
        <Part title={t("usage.models")}>
          {models.slice(0, NAMED_MAX).map(({ model, charged, requests }) => (
            <Line key={model} name={<Name text={model} />}>
              <span className="text-muted">{t("usage.calls", { count: requests, shown: formats.number(requests) })} · </span>
              <Money amount={charged} currency="USD" />
            </Line>
          ))}
        </Part>
        <Part title={t("usage.keys")}>
          {keys.slice(0, NAMED_MAX).map(({ key_id, name, preview, charged }) => (
            <Line key={key_id} name={<Name text={name ?? preview ?? shortId(key_id)} />}>
              <Money amount={charged} currency="USD" />
            </Line>
          ))}
        </Part>
        {errors.length > 0 && (
          <Part title={t("usage.errors")}>
            {errors.slice(0, NAMED_MAX).map(({ error_code, requests }) => (
              <Line
                key={error_code}
                name={
                  <Link to={paths.errorsOf(user.id, error_code)} className="rounded-sm font-mono text-[0.8125rem] text-accent underline-offset-2 hover:underline">
                    {error_code ?? t("usage.noCode")}
                  </Link>
                }
              >
                {formats.number(requests)}
              </Line>
            ))}
          </Part>
        )}
      </div>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="min-w-0">
      <h3 className="pb-1 text-[0.8125rem] font-semibold">{title}</h3>
      <dl className="divide-y divide-line">{children}</dl>
    </section>
  );
}

/** Names may be long and are cut; what they stand for is not. */
function Line({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <div className="flex min-h-9 items-baseline justify-between gap-4 py-1.5">
      <dt className="min-w-0 text-muted">{name}</dt>
      <dd className="shrink-0 text-end whitespace-nowrap tabular-nums">{children}</dd>
    </div>
  );
}

function Name({ text }: { text: string }) {
  return (
    <bdi title={text} className="block truncate">
      {text}
    </bdi>
  );
}
