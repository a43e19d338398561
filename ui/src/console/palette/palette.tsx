import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Place } from "@/features/frame";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { classes } from "@/kit/classes";
import { Dialog } from "@/kit/dialog";
import { TextInput } from "@/kit/text-input";

import { paths } from "../paths";
import { PEOPLE } from "../people/people";
import { MODELS } from "../models/models";
import { useChannelNames } from "../requests/use-channel-names";
import { readRecents, rememberRecent, type Recent } from "./recents";

const SETTLES_MS = 120;
const OFFERED_MAX = 6;
const NAMED_MAX = 100;
const REQUEST_ID = /req_[0-9a-z]{26}/i;
const PERSON_ID = /usr_[0-9a-z]{26}/i;

type Choice = Recent & { kind: "page" | "person" | "request" | "channel" | "model" | "recent" };

/** Goes anywhere by a few letters: pages, people, calls, channels, models. The arrows choose, Enter goes. */
export function Palette({ places, onClose }: { places: Place[]; onClose: () => void }) {
  const { t } = useTranslation("site");
  const router = useRouter();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const { choices, isSearching } = useChoices(text.trim(), places);
  const place = Math.min(at, choices.length - 1);
  const go = (choice: Choice) => {
    rememberRecent({ to: choice.to, label: choice.label });
    onClose();
    router.history.push(choice.to);
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const chosen = choices[place];
    if (event.key === "Enter" && chosen !== undefined) go(chosen);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && choices.length > 0) {
      const next = (place + (event.key === "ArrowDown" ? 1 : choices.length - 1)) % choices.length;
      setAt(next);
      list.current?.children[next]?.scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  };
  return (
    <Dialog open onClose={onClose} title={t("palette.title")}>
      <div className="grid grid-cols-1 gap-2">
        <TextInput
          role="combobox"
          aria-label={t("palette.search")}
          aria-expanded={choices.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={choices[place] === undefined ? undefined : `${id}-${place}`}
          autoComplete="off"
          placeholder={t("palette.search")}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={press}
        />
        <div ref={list} id={`${id}-list`} role="listbox" aria-label={t("palette.title")} className={classes("h-80 overflow-y-auto", choices.length === 0 && "hidden")}>
          {choices.map((choice, number) => (
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- The keys are heard where the focus is, in the search.
            <div
              key={`${choice.kind} ${choice.to}`}
              id={`${id}-${number}`}
              role="option"
              tabIndex={-1}
              aria-selected={number === place}
              className={classes("flex cursor-pointer items-baseline justify-between gap-4 rounded-control px-2.5 py-2 pointer-coarse:py-3", number === place && "bg-hover")}
              onMouseDown={(event) => event.preventDefault()}
              onMouseMove={() => setAt(number)}
              onClick={() => go(choice)}
            >
              <span className="min-w-0 truncate">{choice.label}</span>
              <span className="shrink-0 text-xs text-muted">{t(`palette.kinds.${choice.kind}`)}</span>
            </div>
          ))}
        </div>
        {choices.length === 0 && <p className="h-80 px-2.5 py-2 text-muted">{isSearching ? t("palette.searching") : t("palette.none")}</p>}
      </div>
    </Dialog>
  );
}

function useChoices(text: string, places: Place[]): { choices: Choice[]; isSearching: boolean } {
  const api = useApi();
  const consoleApi = useApi();
  const mayReadPeople = useMay("users.read");
  const mayReadCalls = useMay("requests.read");
  const mayReadModels = useMay("models.read");
  const sought = useSettled(text);
  const [recents] = useState(readRecents);
  const { channels } = useChannelNames();
  const people = useQuery({
    queryKey: [...PEOPLE, "list", { q: sought, limit: OFFERED_MAX }],
    queryFn: () => take(api.GET("/api/admin/users", { params: { query: { q: sought, limit: OFFERED_MAX } } })),
    enabled: mayReadPeople && sought !== "" && !REQUEST_ID.test(sought) && !PERSON_ID.test(sought),
    placeholderData: keepPreviousData,
  });
  const models = useQuery({
    queryKey: [...MODELS, "names"],
    queryFn: () => take(consoleApi.GET("/api/admin/models", { params: { query: { limit: NAMED_MAX } } })),
    enabled: mayReadModels,
    staleTime: 60_000,
  });
  if (text === "") {
    const pages = places.map(({ to, label }): Choice => ({ kind: "page", to, label }));
    return { choices: [...recents.map((recent): Choice => ({ kind: "recent", ...recent })), ...pages], isSearching: false };
  }
  const request = REQUEST_ID.exec(text)?.[0];
  const person = PERSON_ID.exec(text)?.[0];
  const fits = (...words: string[]) => words.some((word) => word.toLowerCase().includes(text.toLowerCase()));
  // An id says exactly what is meant, so that Enter goes there at once. An address does the same for a person.
  const choices: Choice[] = [
    ...(request !== undefined && mayReadCalls ? [{ kind: "request" as const, to: paths.request(request), label: request }] : []),
    ...(person !== undefined && mayReadPeople ? [{ kind: "person" as const, to: paths.person(person), label: person }] : []),
    ...places.filter(({ label }) => fits(label)).map(({ to, label }): Choice => ({ kind: "page", to, label })),
    ...(sought === text ? (people.data?.items ?? []) : []).map((user): Choice => ({ kind: "person", to: paths.person(user.id), label: `${user.display_name} · ${user.email}` })),
    ...channels.filter((channel) => fits(channel.name, channel.id)).slice(0, OFFERED_MAX).map((channel): Choice => ({ kind: "channel", to: paths.channel(channel.id), label: channel.name })),
    ...(models.data?.items ?? []).filter((model) => fits(model.name, model.display_name)).slice(0, OFFERED_MAX).map((model): Choice => ({ kind: "model", to: paths.model(model.id), label: model.name })),
  ];
  return { choices, isSearching: sought !== text || people.isFetching };
}

/** A text as it is once its writer pauses. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
