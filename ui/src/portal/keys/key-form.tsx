import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Key, KeyCreate } from "@/api/schema";
import { useProblemForm } from "@/features/form";
import { ProblemAlert } from "@/features/problem-alert";
import { useOfferedModels, useSite } from "@/features/site";
import { Button } from "@/kit/button";
import { Checkbox } from "@/kit/checkbox";
import { SuggestionInput } from "@/kit/suggestion-input";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { Select } from "@/kit/select";
import { TextInput } from "@/kit/text-input";
import { TokenList } from "@/kit/token-list";

import { budgetsOf, EXPIRY_CHOICES, expiryFromNow, FAULTS, isAddress, keySchema, NEW_KEY, readKey, type KeyValues } from "./key-limits";

type KeyFormProps = {
  /** The key to edit; a new one is made where there is none. */
  edited?: Key;
  onSend: (key: KeyCreate) => Promise<void>;
  onClose: () => void;
};

/** What a key is called and how far it reaches. Only the name is asked for; limits are there for whoever wants them. */
export function KeyForm({ edited, onSend, onClose }: KeyFormProps) {
  const { t } = useTranslation("keys");
  const zone = useSite().data?.time_zone ?? "UTC";
  const offered = useOfferedModels();
  const [models, setModels] = useState(edited?.allowed_models ?? []);
  const [addresses, setAddresses] = useState(edited?.allowed_ips ?? []);
  const [address, setAddress] = useState("");
  const [isAddressWrong, setIsAddressWrong] = useState(false);
  const { register, submit, errorOf, problem, isSubmitting, watch, formState } = useProblemForm(keySchema, edited === undefined ? NEW_KEY : readKey(edited));
  const faultOf = (field: keyof KeyValues) => {
    const own = FAULTS.find((fault) => fault === formState.errors[field]?.message);
    return own === undefined ? errorOf(field) : t(`form.faults.${own}`);
  };
  const addAddress = () => {
    const text = address.trim();
    if (text === "") return true;
    setIsAddressWrong(!isAddress(text));
    if (!isAddress(text)) return false;
    setAddresses([...new Set([...addresses, text])]);
    setAddress("");
    return true;
  };
  const send = submit(async (values) => {
    // What was written but not added is meant.
    if (!addAddress()) return;
    const all = isAddress(address.trim()) ? [...new Set([...addresses, address.trim()])] : addresses;
    await onSend({
      name: values.name,
      expires_at: expiryFromNow(values),
      budgets: budgetsOf(values),
      allowed_models: models.length === 0 ? null : models,
      allowed_ips: all.length === 0 ? null : all,
      output_cap: values.output_cap === "" ? null : Number(values.output_cap),
      show_cost: values.show_cost,
    });
  });
  const names = offered.data?.items.map(({ name }) => name).filter((name) => !models.includes(name)) ?? [];
  const hasLimits = edited !== undefined;
  return (
    <Dialog
      open
      onClose={onClose}
      title={edited === undefined ? t("form.newTitle") : t("form.editTitle", { name: edited.name })}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
          <Button variant="primary" type="submit" form="key" pending={isSubmitting}>
            {edited === undefined ? t("form.submitNew") : t("form.submitEdit")}
          </Button>
        </>
      }
    >
      <form id="key" className="grid gap-5" noValidate onSubmit={send}>
        {problem !== null && <ProblemAlert problem={problem} />}
        <Field label={t("name")} hint={t("nameHint")} error={faultOf("name")}>
          <TextInput autoFocus autoComplete="off" {...register("name")} />
        </Field>
        <details open={hasLimits} className="min-w-0 rounded-panel border border-line">
          <summary className="rounded-panel px-4 py-3 font-medium">
            {t("form.more")}
            <span className="block text-[0.8125rem] font-normal text-muted">{t("form.moreWhy")}</span>
          </summary>
          <div className="grid gap-5 border-t border-line p-4">
            <div className="grid gap-3 sm:grid-cols-2">
              <Field label={t("form.expiry")}>
                <Select {...register("expiry")}>
                  {EXPIRY_CHOICES.map((choice) => (
                    <option key={choice} value={choice}>
                      {t(`form.expiryChoices.${choice}`)}
                    </option>
                  ))}
                </Select>
              </Field>
              {watch("expiry") === "day" && (
                <Field label={t("form.expiryDay")} error={faultOf("expiryDay")}>
                  <TextInput type="date" {...register("expiryDay")} />
                </Field>
              )}
            </div>
            <fieldset className="grid min-w-0 gap-2">
              <legend className="pb-2 text-[0.8125rem] font-medium">{t("form.budget")} (USD)</legend>
              <div className="grid gap-3 sm:grid-cols-3">
                <Field label={t("form.budgetDay")} error={faultOf("day")}>
                  <TextInput inputMode="decimal" autoComplete="off" {...register("day")} />
                </Field>
                <Field label={t("form.budgetMonth")} error={faultOf("month")}>
                  <TextInput inputMode="decimal" autoComplete="off" {...register("month")} />
                </Field>
                <Field label={t("form.budgetTotal")} error={faultOf("total")}>
                  <TextInput inputMode="decimal" autoComplete="off" {...register("total")} />
                </Field>
              </div>
              <p className="text-[0.8125rem] text-muted">{t("form.budgetWhy", { zone })}</p>
            </fieldset>
            <Field label={t("form.models")} hint={t("form.modelsWhy")}>
              <TokenList label={t("form.models")} values={models} removeLabel={(value) => t("form.remove", { value })} onRemove={(value) => setModels(models.filter((name) => name !== value))} />
              <SuggestionInput value="" options={names} placeholder={t("form.modelsAdd")} noneText={t("filters.none", { ns: "lists" })} free clears onChange={(name) => setModels([...new Set([...models, name])])} />
            </Field>
            <Field label={t("form.ips")} hint={t("form.ipsWhy")} error={isAddressWrong ? t("form.address") : undefined}>
              <TokenList label={t("form.ips")} values={addresses} removeLabel={(value) => t("form.remove", { value })} onRemove={(value) => setAddresses(addresses.filter((one) => one !== value))} />
              <div className="flex gap-2">
                <TextInput
                  value={address}
                  placeholder="203.0.113.0/24"
                  autoComplete="off"
                  onChange={(event) => setAddress(event.target.value)}
                  onKeyDown={(event) => {
                    if (event.key !== "Enter" || address.trim() === "") return;
                    event.preventDefault();
                    addAddress();
                  }}
                />
                <Button onClick={addAddress}>{t("form.add")}</Button>
              </div>
            </Field>
            <Field label={t("form.output")} hint={t("form.outputWhy")} error={faultOf("output_cap")}>
              <TextInput inputMode="numeric" autoComplete="off" className="sm:w-40" {...register("output_cap")} />
            </Field>
            <Checkbox label={t("form.showCost")} hint={t("form.showCostWhy")} {...register("show_cost")} />
          </div>
        </details>
      </form>
    </Dialog>
  );
}
