import type { ReactNode } from "react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { fields, useProblemForm } from "@/features/form";
import { classes } from "@/kit/classes";
import { Field } from "@/kit/field";
import { Segments } from "@/kit/segments";
import { Select } from "@/kit/select";
import { TextInput } from "@/kit/text-input";

import { COLOUR_GROUNDS, COLOURS } from "../connection-marks";
import type { Colour, ConnectionDraft, Environment, WriteGuard } from "../shell-types";

const ENVIRONMENTS = ["production", "staging", "development"] as const satisfies readonly Environment[];
const GUARDS = ["open", "locked", "read_only"] as const satisfies readonly WriteGuard[];

const schema = z.object({
  name: fields.requiredName(),
  colour: z.enum(COLOURS as [Colour, ...Colour[]]),
  environment: z.enum(ENVIRONMENTS),
  write_guard: z.enum(GUARDS),
  /** Empty: the site is reached directly. */
  proxy: z.string().check(z.trim(), z.regex(/^$|^(https?|socks5h?):\/\/[^\s/@?#]+\/?$/, "proxy")),
});

export type DraftValues = { name: string; colour: Colour; environment: Environment; write_guard: WriteGuard; proxy: string };

export type DraftForm = ReturnType<typeof useDraftForm>;

export function useDraftForm(values: DraftValues) {
  return useProblemForm<DraftValues>(schema, values);
}

/** What suits an environment unless the reader chose otherwise. */
export const USUAL: Record<Environment, { colour: Colour; write_guard: WriteGuard }> = {
  production: { colour: "red", write_guard: "locked" },
  staging: { colour: "amber", write_guard: "open" },
  development: { colour: "teal", write_guard: "open" },
};

/** How a draft goes to the shell. */
export function toDraft({ name, colour, environment, write_guard, proxy }: DraftValues): ConnectionDraft {
  return { name, colour, environment, write_guard, proxy: proxy === "" ? null : proxy };
}

/** What a connection is called and how it is told apart. `before` is what stood before changes: what is read only is locked before it is opened. */
export function LookFields({ form, before }: { form: DraftForm; before?: WriteGuard | undefined }) {
  const { t } = useTranslation("connections");
  const desk = useTranslation("desk").t;
  const environment = form.watch("environment");
  const change = (chosen: Environment) => {
    const { colour, write_guard } = form.getValues();
    form.setValue("environment", chosen);
    // What the reader chose stays; what was only usual changes along.
    if (colour === USUAL[environment].colour) form.setValue("colour", USUAL[chosen].colour);
    if (before === undefined && write_guard === USUAL[environment].write_guard) form.setValue("write_guard", USUAL[chosen].write_guard);
  };
  return (
    <>
      <Field label={t("name")} error={form.errorOf("name")}>
        <TextInput autoComplete="off" {...form.register("name")} />
      </Field>
      <Group label={t("environment")}>
        <Segments
          label={t("environment")}
          value={environment}
          options={ENVIRONMENTS.map((value) => ({ value, label: desk(`environments.${value}`) }))}
          onChange={change}
        />
      </Group>
      <Group label={t("colour")}>
        <ColourChoice label={t("colour")} value={form.watch("colour")} onChange={(colour) => form.setValue("colour", colour)} />
      </Group>
      <Field label={t("guard")} hint={t(`guardHints.${form.watch("write_guard")}`)}>
        <Select value={form.watch("write_guard")} onChange={(event) => form.setValue("write_guard", event.target.value as WriteGuard)}>
          {GUARDS.filter((guard) => before !== "read_only" || guard !== "open").map((guard) => (
            <option key={guard} value={guard}>
              {desk(`guards.${guard}`)}
            </option>
          ))}
        </Select>
      </Field>
    </>
  );
}

export function ProxyField({ form }: { form: DraftForm }) {
  const { t } = useTranslation("connections");
  const isWrong = form.formState.errors.proxy !== undefined;
  return (
    <Field label={t("proxy")} optional hint={t("proxyHint")} error={isWrong ? t("proxyInvalid") : undefined}>
      <TextInput autoComplete="off" className="font-mono" {...form.register("proxy")} />
    </Field>
  );
}

/** A label over a choice that names itself to who does not see it. */
function Group({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid gap-1.5">
      <span aria-hidden="true" className="text-[0.8125rem] font-medium">
        {label}
      </span>
      {children}
    </div>
  );
}

function ColourChoice({ label, value, onChange }: { label: string; value: Colour; onChange: (colour: Colour) => void }) {
  const { t } = useTranslation("desk");
  const name = useId();
  return (
    <fieldset className="flex flex-wrap gap-1.5">
      <legend className="sr-only">{label}</legend>
      {COLOURS.map((colour) => (
        <label
          key={colour}
          title={t(`colours.${colour}`)}
          className="grid size-8 cursor-pointer place-items-center rounded-control border border-transparent hover:bg-hover has-checked:border-ink has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-accent pointer-coarse:size-11"
        >
          <input type="radio" name={name} className="sr-only" checked={colour === value} onChange={() => onChange(colour)} />
          <span aria-hidden="true" className={classes("size-5 rounded-full", COLOUR_GROUNDS[colour])} />
          <span className="sr-only">{t(`colours.${colour}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}
