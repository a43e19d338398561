import * as z from "zod/mini";

import type { Key, KeyBudgets } from "@/api/schema";

export type KeyValues = {
  name: string;
  expiry: string;
  expiryDay: string;
  total: string;
  day: string;
  month: string;
  output_cap: string;
  show_cost: boolean;
};

export const EXPIRY_CHOICES = ["never", "30", "90", "365", "day"] as const;

export const NEW_KEY: KeyValues = { name: "", expiry: "never", expiryDay: "", total: "", day: "", month: "", output_cap: "", show_cost: false };

/** What a form shows of a key that there is. */
export function readKey(key: Key): KeyValues {
  const expiresAt = key.expires_at ?? null;
  return {
    name: key.name,
    expiry: expiresAt === null ? "never" : "day",
    expiryDay: expiresAt === null ? "" : dayBefore(expiresAt),
    total: key.budgets.total ?? "",
    day: key.budgets.day ?? "",
    month: key.budgets.month ?? "",
    output_cap: key.output_cap === null || key.output_cap === undefined ? "" : String(key.output_cap),
    show_cost: key.show_cost,
  };
}

const NAME_LENGTH_MAX = 128;
const amount = () => z.string().check(z.trim(), z.regex(/^$|^\d{1,9}(\.\d{1,9})?$/, "amount"));

/** What can be sent. Messages that only this form has are keys below `form.faults`. */
export const keySchema = z
  .object({
    name: z.string().check(z.trim(), z.minLength(1, "invalid.required"), z.maxLength(NAME_LENGTH_MAX, "invalid.tooLong")),
    expiry: z.string(),
    expiryDay: z.string(),
    total: amount(),
    day: amount(),
    month: amount(),
    output_cap: z.string().check(z.trim(), z.regex(/^$|^[1-9]\d{0,8}$/, "whole")),
    show_cost: z.boolean(),
  })
  .check(
    z.refine((values) => values.expiry !== "day" || (values.expiryDay !== "" && Date.parse(expiryFromNow(values) ?? "") > Date.now()), {
      path: ["expiryDay"],
      message: "past",
    }),
  );

export const FAULTS = ["amount", "whole", "past"] as const;

export function expiryFromNow(values: Pick<KeyValues, "expiry" | "expiryDay">): string | null {
  return expiryOf(values, Date.now());
}

/** The time at which a key ends: that of its last day, in the reader's zone. */
export function expiryOf(values: Pick<KeyValues, "expiry" | "expiryDay">, now: number): string | null {
  if (values.expiry === "never") return null;
  if (values.expiry !== "day") return new Date(now + Number(values.expiry) * 86_400_000).toISOString();
  const [year = 0, month = 1, day = 1] = values.expiryDay.split("-").map(Number);
  return new Date(year, month - 1, day + 1).toISOString();
}

export function budgetsOf(values: Pick<KeyValues, "total" | "day" | "month">): KeyBudgets {
  const amount = (text: string) => (text.trim() === "" ? null : text.trim());
  return { total: amount(values.total), day: amount(values.day), month: amount(values.month) };
}

/** Whether a text can be an address or a network. The server has the last word. */
export function isAddress(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  if (more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false;
  const isV4 = /^(\d{1,3})(\.\d{1,3}){3}$/.test(address) && address.split(".").every((part) => Number(part) <= 255);
  const isV6 = address.includes(":") && /^[0-9a-f:.]+$/i.test(address);
  return isV4 || isV6;
}

function dayBefore(time: string): string {
  const date = new Date(Date.parse(time) - 1);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
