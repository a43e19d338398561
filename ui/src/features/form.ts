import { zodResolver } from "@hookform/resolvers/zod";
import { useState } from "react";
import { useForm, type DefaultValues, type FieldValues, type Path } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";

import { toProblem, type ApiProblem } from "@/api/problem";
import type { FieldCode } from "@/api/schema";

// The pages' policy forbids making code out of text, which the schema library would otherwise try.
z.config({ jitless: true });

type Schema<Values> = z.ZodMiniType<Values, Values>;

/** What a screen says better than the general words about one refusal of one field, as in `username.taken`. */
type FieldWords<Values extends FieldValues> = Partial<Record<`${Path<Values>}.${FieldCode}`, string>>;

/**
 * A form whose values a schema checks before they are sent, and whose answer from the server is shown where it belongs:
 * what concerns a field at that field, all else above the form. Messages of a schema are keys below `invalid`, followed
 * by a colon and a number where they name one; refusals of the server are codes that stand below `refused`.
 */
export function useProblemForm<Values extends FieldValues>(
  schema: Schema<Values>,
  defaultValues: DefaultValues<NoInfer<Values>>,
  words: FieldWords<NoInfer<Values>> = {},
) {
  const { t, i18n } = useTranslation();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const form = useForm<Values>({
    resolver: zodResolver(schema as never) as never,
    defaultValues,
    reValidateMode: "onChange",
  });
  const { errors, isSubmitting } = form.formState;

  const submit = (send: (values: Values) => Promise<unknown>) =>
    form.handleSubmit(async (values) => {
      setProblem(null);
      try {
        await send(values);
      } catch (thrown) {
        const thrownProblem = toProblem(thrown);
        if (thrownProblem.code === "withheld") return;
        const own = thrownProblem.fields.filter(({ field }) => field in values);
        own.forEach(({ field, code }, place) => {
          form.setError(field as Path<Values>, { message: `refused.${code}` }, { shouldFocus: place === 0 });
        });
        if (own.length === 0 || own.length < thrownProblem.fields.length) setProblem(thrownProblem);
      }
    });

  /** What is wrong with a field, in the reader's words. */
  const errorOf = (field: Path<Values>): string | undefined => {
    const message = errors[field]?.message;
    if (typeof message !== "string" || message === "") return undefined;
    if (message.startsWith("refused.")) {
      const code = message.slice("refused.".length) as FieldCode;
      // A server may know more codes than these pages.
      return words[`${field}.${code}`] ?? t(i18n.exists(`refused.${code}`) ? `refused.${code}` : "refused.invalid");
    }
    const [key = "", count] = message.split(":");
    return t(key as "invalid.required", { count: Number(count ?? 0) });
  };

  return { ...form, submit, errorOf, problem, setProblem, isSubmitting };
}

/** Parts of schemas that many forms share. They agree with the server's rules, which have the last word. */
export const fields = {
  required: () => z.string().check(z.trim(), z.minLength(1, "invalid.required")),
  email: () => z.string().check(z.trim(), z.minLength(1, "invalid.required"), z.regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "invalid.email"), z.maxLength(254, "invalid.email")),
  optionalEmail: () => z.string().check(z.trim(), z.regex(/^$|^[^\s@]+@[^\s@]+\.[^\s@]+$/, "invalid.email"), z.maxLength(254, "invalid.email")),
  username: () => z.string().check(z.trim(), z.regex(/^$|^[a-z0-9][a-z0-9._-]{0,63}$/i, "invalid.username")),
  newPassword: (lengthMin: number) =>
    z.string().check(z.minLength(1, "invalid.required"), z.minLength(lengthMin, `invalid.password:${lengthMin}`), z.maxLength(1024, "invalid.tooLong")),
  name: () => z.string().check(z.trim(), z.maxLength(64, "invalid.tooLong")),
  requiredName: () => z.string().check(z.trim(), z.minLength(1, "invalid.required"), z.maxLength(64, "invalid.tooLong")),
};

/** A text that is sent only when there is one. */
export function given<Name extends string>(name: Name, value: string): Partial<Record<Name, string>> {
  return (value === "" ? {} : { [name]: value }) as Partial<Record<Name, string>>;
}
