import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { TextInput } from "@/kit/text-input";

/** Leads to a call by its id, as an error or a log names it. */
export function FindCall({ pathOf }: { pathOf: (id: string) => string }) {
  const { t } = useTranslation("requests");
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const find = (event: FormEvent) => {
    event.preventDefault();
    const id = /req_[0-9a-z]+/i.exec(text)?.[0] ?? text.trim();
    if (id !== "") void navigate({ to: pathOf(id), search: ((before: object) => before) as never });
  };
  return (
    <form className="flex min-w-0 flex-1 gap-2" onSubmit={find}>
      <TextInput aria-label={t("find")} title={t("findHint")} placeholder={`${t("find")} (req_…)`} autoComplete="off" value={text} onChange={(event) => setText(event.target.value)} />
      <Button type="submit">{t("findGo")}</Button>
    </form>
  );
}
