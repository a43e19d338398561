import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { UnpricedModel } from "@/api/schema";
import { useFilter } from "@/features/keyset";
import { ProblemAlert, useProblemWords } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { useMay } from "@/features/session";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { isAmount, MODELS } from "./models";

const PAGE = 50;
const RATES = ["input_per_million", "output_per_million", "cache_read_per_million"] as const;
type Rates = Record<(typeof RATES)[number], string>;
const NONE: Rates = { input_per_million: "", output_per_million: "", cache_read_per_million: "" };

function useUnpricedModels() {
  const api = useApi();
  return useInfiniteQuery({
    queryKey: [...MODELS, "unpriced"],
    queryFn: ({ pageParam }) => take(api.GET("/api/admin/models/unpriced", { params: { query: { limit: PAGE, ...(pageParam === "" ? {} : { cursor: pageParam }) } } })),
    initialPageParam: "",
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  });
}

/** Says that channels serve models nobody can call for want of a price, and where to set them all at once. */
export function UnpricedModels() {
  const { t } = useTranslation("catalog");
  const mayWrite = useMay("models.write");
  const filter = useFilter();
  const { unpriced } = useSearch({ strict: false }) as { unpriced?: string };
  const list = useUnpricedModels();
  const found = list.data?.pages.flatMap(({ items }) => items) ?? [];
  if (found.length === 0) return null;
  const count = found.length;
  return (
    <div className="mb-4">
      <Alert
        tone="warning"
        title={list.hasNextPage ? t("unpriced.more", { count }) : t("unpriced.some", { count })}
        action={
          <Button blockedBy={mayWrite ? undefined : t("mayNotWrite")} onClick={() => filter({ unpriced: "1" })}>
            {t("unpriced.open")}
          </Button>
        }
      >
        {t("unpriced.why")}
      </Alert>
      {mayWrite && unpriced !== undefined && (
        <PricesDialog models={found} onMore={list.hasNextPage ? () => void list.fetchNextPage() : undefined} onClose={() => filter({ unpriced: undefined })} />
      )}
    </div>
  );
}

type Props = { models: UnpricedModel[]; onMore: (() => void) | undefined; onClose: () => void };

/** Prices for many models. Whichever has one when it is sent becomes a model that can be called; the others stay. */
function PricesDialog({ models, onMore, onClose }: Props) {
  const { t } = useTranslation("catalog");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const say = useProblemWords();
  const [rates, setRates] = useState<Record<string, Rates>>({});
  const [refusals, setRefusals] = useState<Record<string, string>>({});
  const [wasSent, setWasSent] = useState(false);
  // What was made before its price failed, or before the list said so.
  const made = useRef<Record<string, string>>({});
  const of = (name: string) => rates[name] ?? NONE;
  const isGiven = (name: string) => RATES.some((rate) => of(name)[rate].trim() !== "");
  /** What is missing is wrong only once it is sent. */
  const isWrong = (name: string, rate: keyof Rates, isSent = wasSent) => {
    const text = of(name)[rate].trim();
    return text === "" ? isSent && isGiven(name) && rate !== "cache_read_per_million" : !isAmount(text);
  };
  const given = models.filter(({ name }) => isGiven(name));
  const save = useMutation({
    mutationFn: async () => {
      let count = 0;
      const failed: Record<string, string> = {};
      for (const model of given) {
        try {
          const { name } = model;
          const id = model.model_id ?? made.current[name] ?? (made.current[name] = (await take(api.POST("/api/admin/models", { body: { name } }))).id);
          const body = Object.fromEntries(RATES.map((rate) => [rate, of(name)[rate].trim()]).filter(([, text]) => text !== ""));
          await take(api.POST("/api/admin/models/{id}/prices", { params: { path: { id } }, body: body as Rates }));
          count += 1;
        } catch (thrown) {
          failed[model.name] = say(toProblem(thrown));
        }
      }
      return { count, failed };
    },
    onSuccess: async ({ count, failed }) => {
      await queries.invalidateQueries({ queryKey: MODELS });
      await queries.invalidateQueries({ queryKey: ["offered-models"] });
      setRefusals(failed);
      if (count > 0) toast({ text: t("unpriced.saved", { count }) });
      if (Object.keys(failed).length === 0) onClose();
    },
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    const isWhole = given.every(({ name }) => !RATES.some((rate) => isWrong(name, rate, true)));
    if (given.length > 0 && isWhole) save.mutate();
  };
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="prices" variant="primary" pending={save.isPending} blockedBy={given.length === 0 ? t("unpriced.nothing") : undefined}>
        {t("unpriced.save", { count: given.length })}
      </Button>
    </>
  );
  return (
    <Dialog open size="large" onClose={onClose} title={t("unpriced.title")} description={t("unpriced.how")} footer={footer}>
      <form id="prices" className="grid grid-cols-1 gap-3" noValidate onSubmit={send}>
        {save.isError && <ProblemAlert problem={save.error} />}
        <ul className="grid grid-cols-1 divide-y divide-line">
          {models.map(({ name, channels }) => (
            <li key={name} className="grid grid-cols-1 gap-2 py-3 first:pt-0 sm:grid-cols-[minmax(0,1fr)_auto] sm:items-center sm:gap-4">
              <div className="grid min-w-0">
                <code className="truncate font-mono text-[0.8125rem]" title={name}>
                  {name}
                </code>
                <span className="truncate text-xs text-muted">
                  <bdi>{channels.map((channel) => channel.name).join(", ")}</bdi>
                </span>
              </div>
              <div className="grid grid-cols-3 gap-2 sm:w-88">
                {RATES.map((rate) => (
                  <label key={rate} className="grid gap-1">
                    <span className="truncate text-xs text-muted">{t(`unpriced.${rate}`)}</span>
                    <TextInput
                      inputMode="decimal"
                      autoComplete="off"
                      className="text-end tabular-nums"
                      aria-label={t("unpriced.rateOf", { rate: t(`unpriced.${rate}`), name })}
                      aria-invalid={isWrong(name, rate) || undefined}
                      value={of(name)[rate]}
                      onChange={(event) => setRates({ ...rates, [name]: { ...of(name), [rate]: event.target.value } })}
                    />
                  </label>
                ))}
              </div>
              {RATES.some((rate) => isWrong(name, rate)) && <p className="text-[0.8125rem] text-danger sm:col-span-2">{t("unpriced.wrong")}</p>}
              {refusals[name] !== undefined && <p className="text-[0.8125rem] text-danger sm:col-span-2">{refusals[name]}</p>}
            </li>
          ))}
        </ul>
        {onMore !== undefined && (
          <Button className="justify-self-start" onClick={onMore}>
            {t("unpriced.showMore")}
          </Button>
        )}
      </form>
    </Dialog>
  );
}
