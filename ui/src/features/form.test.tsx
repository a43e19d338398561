import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import i18next from "i18next";
import { beforeAll, expect, it } from "vitest";
import * as z from "zod/mini";

import { ApiProblem } from "@/api/problem";
import type { FieldCode } from "@/api/schema";
import en from "@/i18n/messages/shared.en";
import zh from "@/i18n/messages/shared.zh-CN";
import { changeLanguage, startLanguages } from "@/i18n/start";
import { Field } from "@/kit/field";
import { TextInput } from "@/kit/text-input";

import { fields, useProblemForm } from "./form";

const schema = z.object({ name: fields.newPassword(3) });

function Form({ code, own }: { code: string; own?: string }) {
  const { register, submit, errorOf } = useProblemForm(schema, { name: "" }, own === undefined ? {} : { "name.taken": own });
  const send = submit(() => {
    throw new ApiProblem("invalid_request", "No.", 400, [{ field: "name", code: code as FieldCode, message: "in English" }]);
  });
  return (
    <form noValidate onSubmit={send}>
      <Field label="name" error={errorOf("name")}>
        <TextInput {...register("name")} />
      </Field>
      <button type="submit">send</button>
    </form>
  );
}

beforeAll(async () => {
  await startLanguages(async (language) => ({ shared: language === "en" ? en : zh }));
});

const refuse = async (code: string, own?: string) => {
  const { unmount } = render(<Form code={code} own={own} />);
  await userEvent.type(screen.getByLabelText("name"), "abc");
  await userEvent.click(screen.getByRole("button"));
  const text = (await screen.findByText((_, element) => element?.id.endsWith("-error") ?? false)).textContent;
  unmount();
  return text;
};

it("a refused field is told about in the reader's language, by its code", async () => {
  for (const [language, messages] of [["en", en], ["zh-CN", zh]] as const) {
    await changeLanguage(language);
    expect(i18next.language).toBe(language);
    expect(await refuse("too_common")).toBe(messages.refused.too_common);
    expect(await refuse("taken", "own words")).toBe("own words");
    expect(await refuse("a_code_of_a_newer_server")).toBe(messages.refused.invalid);
  }
});

it("how long a password must be is told before it is sent", async () => {
  await changeLanguage("en");
  render(<Form code="invalid" />);
  await userEvent.type(screen.getByLabelText("name"), "a");
  await userEvent.click(screen.getByRole("button"));
  await screen.findByText("Use at least 3 characters");
});
