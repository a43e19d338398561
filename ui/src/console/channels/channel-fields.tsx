import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { OnDisconnect } from "@/api/schema";
import { Badge } from "@/kit/badge";
import { Checkbox } from "@/kit/checkbox";
import { Field } from "@/kit/field";
import { Select } from "@/kit/select";
import { TextInput } from "@/kit/text-input";

/** What can be set about a channel beside its name, models and keys; numbers are as they are written. */
export type ChannelSettings = { base_url: string; allow_private_network: boolean; priority: string; weight: string; on_disconnect: OnDisconnect };

export const USUAL: ChannelSettings = { base_url: "", allow_private_network: false, priority: "0", weight: "1", on_disconnect: "drain" };

const WHOLE = /^-?\d{1,9}$/;
export const isWhole = (text: string) => WHOLE.test(text.trim());

type Props = {
  value: ChannelSettings;
  /** What counts as unchanged. */
  usual: ChannelSettings;
  refusalOf: (field: string) => string | undefined;
  onChange: (change: Partial<ChannelSettings>) => void;
  disabled?: boolean;
};

/** Routing and network, closed unless something in them is wrong. Each says how much in it is not as usual. */
export function ChannelFields({ value, usual, refusalOf, onChange, disabled = false }: Props) {
  const { t } = useTranslation("channels");
  const changed = (...names: (keyof ChannelSettings)[]) => names.filter((name) => value[name] !== usual[name]).length;
  const numberError = (name: "priority" | "weight") => refusalOf(name) ?? (isWhole(value[name]) ? undefined : t("fields.number"));
  return (
    <>
      <Section title={t("fields.routing")} changed={changed("priority", "weight", "on_disconnect")} isWrong={[numberError("priority"), numberError("weight")].some((error) => error !== undefined)}>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("priority")} hint={t("fields.priorityHint")} error={numberError("priority")}>
            <TextInput inputMode="numeric" disabled={disabled} value={value.priority} onChange={(event) => onChange({ priority: event.target.value })} />
          </Field>
          <Field label={t("fields.weight")} hint={t("fields.weightHint")} error={numberError("weight")}>
            <TextInput inputMode="numeric" disabled={disabled} value={value.weight} onChange={(event) => onChange({ weight: event.target.value })} />
          </Field>
        </div>
        <Field label={t("fields.onDisconnect")} error={refusalOf("on_disconnect")}>
          <Select disabled={disabled} value={value.on_disconnect} onChange={(event) => onChange({ on_disconnect: event.target.value as OnDisconnect })}>
            <option value="drain">{t("fields.drain")}</option>
            <option value="cancel">{t("fields.cancel")}</option>
          </Select>
        </Field>
      </Section>
      <Section title={t("fields.network")} changed={changed("base_url", "allow_private_network")} isWrong={refusalOf("base_url") !== undefined}>
        <Field label={t("fields.baseUrl")} hint={t("fields.baseUrlHint")} error={refusalOf("base_url")}>
          <TextInput type="url" disabled={disabled} value={value.base_url} onChange={(event) => onChange({ base_url: event.target.value })} />
        </Field>
        <Checkbox
          label={t("fields.private")}
          hint={t("fields.privateHint")}
          disabled={disabled}
          checked={value.allow_private_network}
          onChange={(event) => onChange({ allow_private_network: event.target.checked })}
        />
      </Section>
    </>
  );
}

function Section({ title, changed, isWrong, children }: { title: string; changed: number; isWrong: boolean; children: ReactNode }) {
  const { t } = useTranslation("channels");
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details open={isOpen || isWrong} onToggle={(event) => setIsOpen(event.currentTarget.open)} className="rounded-panel border border-line">
      <summary className="cursor-pointer rounded-panel px-3.5 py-2.5 font-medium pointer-coarse:py-3.5">
        {title}
        {changed > 0 && (
          <span className="ms-2">
            <Badge tone="accent">{t("fields.changed", { count: changed })}</Badge>
          </span>
        )}
      </summary>
      <div className="grid gap-4 border-t border-line p-3.5">{children}</div>
    </details>
  );
}
