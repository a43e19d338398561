import { useTranslation } from "react-i18next";

import type { Model, ModelCreate } from "@/api/schema";
import { Checkbox } from "@/kit/checkbox";
import { Field } from "@/kit/field";
import { Select } from "@/kit/select";
import { TextInput } from "@/kit/text-input";

/** A model as its form has it: numbers are as they are written, what is not known is empty. */
export type ModelDraft = {
  name: string;
  display_name: string;
  active: boolean;
  capabilities: string;
  context_length: string;
  max_output_tokens: string;
  default_output_tokens: string;
  output_cap_parameter: Model["output_cap_parameter"];
};

export const NEW_MODEL: ModelDraft = {
  name: "", display_name: "", active: true, capabilities: "chat", context_length: "", max_output_tokens: "", default_output_tokens: "8192", output_cap_parameter: "max_completion_tokens",
};
export const MODEL_FIELDS = ["name", "display_name", "capabilities", "context_length", "max_output_tokens", "default_output_tokens", "output_cap_parameter"];

const write = (count: number | null | undefined) => (count === null || count === undefined ? "" : String(count));
export const draftOf = (model: Model): ModelDraft => ({
  name: model.name, display_name: model.display_name, active: model.active, capabilities: model.capabilities.join(", "), context_length: write(model.context_length),
  max_output_tokens: write(model.max_output_tokens), default_output_tokens: write(model.default_output_tokens), output_cap_parameter: model.output_cap_parameter,
});

const isCount = (text: string) => /^\d{0,12}$/.test(text.trim());
export const isSendable = (draft: ModelDraft) =>
  draft.name.trim() !== "" && [draft.context_length, draft.max_output_tokens, draft.default_output_tokens].every(isCount) && draft.default_output_tokens.trim() !== "";

export function bodyOf(draft: ModelDraft): ModelCreate {
  const count = (text: string) => (text.trim() === "" ? null : Number(text));
  return {
    name: draft.name.trim(),
    ...(draft.display_name.trim() === "" ? {} : { display_name: draft.display_name.trim() }),
    active: draft.active,
    capabilities: draft.capabilities.split(/[\s,，]+/).filter((word) => word !== ""),
    context_length: count(draft.context_length),
    max_output_tokens: count(draft.max_output_tokens),
    default_output_tokens: Number(draft.default_output_tokens),
    output_cap_parameter: draft.output_cap_parameter,
  };
}

type Props = { value: ModelDraft; refusalOf: (field: string) => string | undefined; wasSent: boolean; disabled?: boolean; onChange: (change: Partial<ModelDraft>) => void };

export function ModelFields({ value, refusalOf, wasSent, disabled = false, onChange }: Props) {
  const { t } = useTranslation("catalog");
  const count = (name: "context_length" | "max_output_tokens" | "default_output_tokens") => (
    <Field label={t(`fields.${name}`)} optional={name !== "default_output_tokens"} error={refusalOf(name) ?? (isCount(value[name]) ? undefined : t("fields.number"))}>
      <TextInput inputMode="numeric" disabled={disabled} value={value[name]} onChange={(event) => onChange({ [name]: event.target.value })} />
    </Field>
  );
  return (
    <>
      <Field label={t("fields.name")} hint={t("fields.nameHint")} error={refusalOf("name") ?? (wasSent && value.name.trim() === "" ? t("invalid.required", { ns: "shared" }) : undefined)}>
        <TextInput name="name" autoComplete="off" disabled={disabled} value={value.name} onChange={(event) => onChange({ name: event.target.value })} />
      </Field>
      <Field label={t("fields.display_name")} optional error={refusalOf("display_name")}>
        <TextInput autoComplete="off" disabled={disabled} value={value.display_name} onChange={(event) => onChange({ display_name: event.target.value })} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        {count("context_length")}
        {count("max_output_tokens")}
        {count("default_output_tokens")}
        <Field label={t("fields.output_cap_parameter")} error={refusalOf("output_cap_parameter")}>
          <Select disabled={disabled} value={value.output_cap_parameter} onChange={(event) => onChange({ output_cap_parameter: event.target.value as Model["output_cap_parameter"] })}>
            <option value="max_completion_tokens">max_completion_tokens</option>
            <option value="max_tokens">max_tokens</option>
          </Select>
        </Field>
      </div>
      <Field label={t("fields.capabilities")} hint={t("fields.capabilitiesHint")} optional error={refusalOf("capabilities")}>
        <TextInput autoComplete="off" disabled={disabled} value={value.capabilities} onChange={(event) => onChange({ capabilities: event.target.value })} />
      </Field>
      <Checkbox label={t("fields.active")} disabled={disabled} checked={value.active} onChange={(event) => onChange({ active: event.target.checked })} />
    </>
  );
}
