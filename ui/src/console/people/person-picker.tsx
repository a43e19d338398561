import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { useApi } from "@/features/services";
import { Combobox } from "@/kit/combobox";
import { IconButton } from "@/kit/icon-button";

import { useSettled } from "../use-settled";
import { PEOPLE } from "./people";
import { PersonName } from "./person-name";

const SETTLES_MS = 200;
const OFFERED_MAX = 8;
const WHOLE_ID = /^usr_[0-9a-z]{26}$/;

type PersonPickerProps = { value: string | undefined; onPick: (id: string | undefined) => void; clearLabel: string };

/** Picks a person by e-mail or username; a whole id does as well, for somebody who was removed. */
export function PersonPicker({ value, onPick, clearLabel }: PersonPickerProps) {
  const { t } = useTranslation("console");
  const api = useApi();
  const [text, setText] = useState("");
  const q = useSettled(text.trim(), SETTLES_MS);
  const found = useQuery({
    queryKey: [...PEOPLE, "list", { q, limit: OFFERED_MAX }],
    queryFn: () => take(api.GET("/api/admin/users", { params: { query: { q, limit: OFFERED_MAX } } })),
    enabled: q !== "" && !WHOLE_ID.test(q),
    placeholderData: keepPreviousData,
  });
  if (value !== undefined) {
    return (
      <div className="flex h-9 min-w-0 items-center justify-between gap-2 rounded-control border border-edge bg-accent-soft ps-3 pe-0.5 pointer-coarse:h-11">
        <span className="truncate font-medium text-accent">
          <PersonName id={value} />
        </span>
        <IconButton label={clearLabel} icon={<X size={16} />} className="pointer-coarse:size-10" onClick={() => onPick(undefined)} />
      </div>
    );
  }
  const people = q === "" ? [] : (found.data?.items ?? []);
  const choices = WHOLE_ID.test(text.trim())
    ? [{ value: text.trim(), label: text.trim() }]
    : people.map((user) => ({ value: user.id, label: user.display_name, hint: user.email }));
  const choose = (id: string) => {
    setText("");
    onPick(id);
  };
  return (
    <Combobox
      text={text}
      onText={setText}
      choices={choices}
      onChoose={choose}
      placeholder={t("audit.actorHint")}
      icon={<Search size={16} aria-hidden="true" />}
      none={found.isSuccess && q === text.trim() ? t("people.noneFound") : undefined}
    />
  );
}
