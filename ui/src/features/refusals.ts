import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";

/** What the server found wrong with the fields of a form, in the reader's words, by the field's name or its beginning. */
export function useRefusals(problem: unknown): { refusalOf: (field: string) => string | undefined; isOnlyOf: (fields: readonly string[]) => boolean } {
  const { t, i18n } = useTranslation();
  const refused = problem === null || problem === undefined ? [] : toProblem(problem).fields;
  const isOf = (name: string, field: string) => name === field || name.startsWith(`${field}[`) || name.startsWith(`${field}.`);
  return {
    refusalOf: (field) => {
      const found = refused.find((one) => isOf(one.field, field));
      if (found === undefined) return undefined;
      // A server may know more codes than these pages, or none for this.
      const { code } = found;
      return code !== undefined && i18n.exists(`refused.${code}`) ? t(`refused.${code}`) : t("refused.invalid");
    },
    isOnlyOf: (fields) => refused.length > 0 && refused.every((one) => fields.some((field) => isOf(one.field, field))),
  };
}
