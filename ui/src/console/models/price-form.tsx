import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Model, PriceCreate, PriceHistoryEntry } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { ProblemAlert } from "@/features/problem-alert";
import { localZone } from "@/features/range";
import { useRefusals } from "@/features/refusals";
import { Button } from "@/kit/button";
import { Field } from "@/kit/field";
import { Segments } from "@/kit/segments";
import { SkeletonRows } from "@/kit/skeleton";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { convertRate, fieldOf, isAmount, MAIN_RATES, MODELS, RATES, type RateName, type RateUnit } from "./models";

/** What an amount ends in that says nothing, as in "1.250000000". */
const NOTHING_LEFT = /(?<=\.\d*)0+$|\.0+$/;

/** A new price. It begins with what counts now, so that only what changes is written. */
export function PriceForm({ model, onSaved }: { model: Model; onSaved: () => void }) {
  const api = useApi();
  const prices = useQuery({
    queryKey: [...MODELS, "prices", model.id],
    queryFn: () => take(api.GET("/api/admin/models/{id}/prices", { params: { path: { id: model.id } } })),
  });
  if (prices.isPending) return <SkeletonRows rows={4} />;
  if (prices.isError) return <ProblemAlert problem={prices.error} onRetry={() => prices.refetch()} />;
  return <Form model={model} current={prices.data.items.find(({ is_current }) => is_current) ?? prices.data.items[0]} onSaved={onSaved} />;
}

function Form({ model, current, onSaved }: { model: Model; current: PriceHistoryEntry | undefined; onSaved: () => void }) {
  const { t, i18n } = useTranslation("catalog");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const mayWrite = useMay("models.write");
  const usual = Object.fromEntries(RATES.map((rate) => [rate, (current?.[rate] ?? "").replace(NOTHING_LEFT, "")])) as Record<RateName, string>;
  const [rates, setRates] = useState(usual);
  const [unit, setUnit] = useState<RateUnit>("million");
  const [when, setWhen] = useState<"now" | "later">("now");
  const [time, setTime] = useState("");
  const [wasSent, setWasSent] = useState(false);
  const save = useMutation({
    mutationFn: () => {
      const given = RATES.filter((rate) => rates[rate].trim() !== "").map((rate) => [fieldOf(rate, unit), rates[rate].trim()]);
      const body: PriceCreate = { ...Object.fromEntries(given), ...(when === "later" ? { effective_at: new Date(time).toISOString() } : {}) };
      return take(api.POST("/api/admin/models/{id}/prices", { params: { path: { id: model.id } }, body }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: MODELS });
      await queries.invalidateQueries({ queryKey: ["offered-models"] });
      toast({ text: t("price.saved") });
      onSaved();
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const isNeeded = (rate: RateName) => rate === "input_per_million" || rate === "output_per_million";
  const errorOf = (rate: RateName) => {
    if (rates[rate].trim() !== "" && !isAmount(rates[rate])) return t("price.amount");
    if (wasSent && rates[rate].trim() === "" && isNeeded(rate)) return t("invalid.required", { ns: "shared" });
    return refusalOf(fieldOf(rate, unit));
  };
  const isTimeWrong = when === "later" && (time === "" || Number.isNaN(Date.parse(time)));
  const usualIn = (rate: RateName) => (rate === "per_request" || unit === "million" ? usual[rate] : convertRate(usual[rate], unit));
  const changed = RATES.filter((rate) => rates[rate].trim() !== usualIn(rate));
  const count = (to: RateUnit) => {
    if (to === unit) return;
    setUnit(to);
    // What was not touched is as the price has it, with all its digits.
    setRates(Object.fromEntries(RATES.map((rate) => [rate, rate === "per_request" ? rates[rate] : to === "million" && !changed.includes(rate) ? usual[rate] : convertRate(rates[rate], to)])) as Record<RateName, string>);
  };
  const more = RATES.filter((rate) => !MAIN_RATES.includes(rate));
  const blockedBy = !mayWrite ? t("mayNotWrite") : changed.length === 0 ? t("unchanged") : undefined;
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    const isWrong = RATES.some((rate) => (rates[rate].trim() === "" ? isNeeded(rate) : !isAmount(rates[rate])));
    if (blockedBy === undefined && !isWrong && !isTimeWrong) save.mutate();
  };
  const nameOf = (rate: RateName) => t(`rates.${rate}`, { ns: "models" });
  const input = (rate: RateName) => (
    <Field key={rate} label={nameOf(rate)} optional={!isNeeded(rate)} error={errorOf(rate)}>
      <TextInput name={rate} inputMode="decimal" disabled={!mayWrite} className="text-end tabular-nums" value={rates[rate]} onChange={(event) => setRates({ ...rates, [rate]: event.target.value })} />
    </Field>
  );
  return (
    <form className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
      <p className="text-muted">{t("price.why")}</p>
      {save.isError && !isOnlyOf([...RATES.map((rate) => fieldOf(rate, unit)), "effective_at"]) && <ProblemAlert problem={save.error} />}
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="text-[0.8125rem] font-medium">{t("price.unit")}</span>
        <Segments
          label={t("price.unit")}
          value={unit}
          options={(["million", "thousand"] as const).map((value) => ({ value, label: t(`price.units.${value}`) }))}
          onChange={count}
        />
      </div>
      <div className="grid gap-4 sm:grid-cols-2">{MAIN_RATES.map(input)}</div>
      <details className="rounded-panel border border-line">
        <summary className="cursor-pointer rounded-panel px-3.5 py-2.5 font-medium pointer-coarse:py-3.5">{t("price.more")}</summary>
        <div className="grid gap-4 border-t border-line p-3.5 sm:grid-cols-2">{more.map(input)}</div>
      </details>
      <div className="grid justify-items-start gap-2">
        <span className="text-[0.8125rem] font-medium">{t("price.when")}</span>
        <Segments
          label={t("price.when")}
          value={when}
          options={[
            { value: "now", label: t("price.now") },
            { value: "later", label: t("price.later") },
          ]}
          onChange={setWhen}
        />
        {when === "later" && (
          <Field
            label={t("price.time")}
            hint={t("range.zone", { ns: "lists", zone: localZone(i18n.language).shown })}
            error={refusalOf("effective_at") ?? (wasSent && isTimeWrong ? t("invalid.required", { ns: "shared" }) : undefined)}
          >
            <TextInput type="datetime-local" value={time} onChange={(event) => setTime(event.target.value)} />
          </Field>
        )}
      </div>
      <Button type="submit" variant="primary" className="justify-self-start" pending={save.isPending} blockedBy={blockedBy}>
        {t("price.save")}
      </Button>
    </form>
  );
}
