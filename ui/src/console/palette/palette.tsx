import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { User } from "@/api/schema";
import type { Place } from "@/features/frame";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { CommandMenu, type Command } from "@/kit/command-menu";
import { Dialog } from "@/kit/dialog";

import { CHANNELS } from "../channels/channels";
import { MODELS } from "../models/models";
import { paths } from "../paths";
import { PEOPLE } from "../people/people";
import { readRecents, rememberRecent } from "./recents";
import { useSettled } from "../use-settled";

const SETTLES_MS = 120;
const OFFERED_MAX = 6;
const REQUEST_ID = /req_[0-9a-z]{26}/i;
const PERSON_ID = /usr_[0-9a-z]{26}/i;

type Kind = "page" | "person" | "request" | "channel" | "model" | "recent";
type Choice = { kind: Kind; to: string; label: string } | ({ kind: "other" } & Destination);

/** Somewhere to go that is more than an address. */
export type Destination = {
  id: string;
  label: string;
  /** What it is, in a word. */
  note: string;
  go: () => void;
};

type PaletteProps = { places: Place[]; others?: readonly Destination[] | undefined; onClose: () => void };

/** Goes anywhere by a few letters: pages, people, calls, channels, models. */
export function Palette({ places, others = [], onClose }: PaletteProps) {
  const { t } = useTranslation("site");
  const router = useRouter();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  // Enter was pressed before anything was found: the first that is found is meant.
  const [isEager, setIsEager] = useState(false);
  const { choices, isSearching } = useChoices(text.trim(), places, others);
  const go = (choice: Choice) => {
    onClose();
    if (choice.kind === "other") return choice.go();
    rememberRecent(queries, { to: choice.to, label: choice.label });
    router.history.push(choice.to);
  };
  const first = choices[0];
  const goEagerly = useEffectEvent(() => first !== undefined && go(first));
  const isFound = isEager && !isSearching && first !== undefined;
  useEffect(() => {
    if (isFound) goEagerly();
  }, [isFound]);
  const shown = isEager ? [] : choices;
  return (
    <Dialog open onClose={onClose} title={t("palette.title")}>
      <CommandMenu
        label={t("palette.search")}
        listLabel={t("palette.title")}
        text={text}
        onText={(value) => {
          setText(value);
          setIsEager(false);
        }}
        commands={shown.map((choice): Choice & Command => (choice.kind === "other" ? choice : { ...choice, id: `${choice.kind} ${choice.to}`, note: t(`palette.kinds.${choice.kind}`) }))}
        onChoose={go}
        onEager={() => setIsEager(isSearching)}
        none={isSearching ? t("palette.searching") : t("palette.none")}
      />
    </Dialog>
  );
}

function useChoices(text: string, places: Place[], others: readonly Destination[]): { choices: Choice[]; isSearching: boolean } {
  const api = useApi();
  const mayReadPeople = useMay("users.read");
  const mayReadCalls = useMay("requests.read");
  const mayReadChannels = useMay("channels.read");
  const mayReadModels = useMay("models.read");
  const q = useSettled(text, SETTLES_MS);
  const queries = useQueryClient();
  const [recents] = useState(() => readRecents(queries));
  const request = REQUEST_ID.exec(text)?.[0].toLowerCase();
  const person = PERSON_ID.exec(text)?.[0].toLowerCase();
  const isSought = text !== "" && request === undefined && person === undefined;
  const query = { q, limit: OFFERED_MAX };
  const asked = { enabled: isSought && q !== "", placeholderData: keepPreviousData } as const;
  const people = useQuery({
    ...asked,
    queryKey: [...PEOPLE, "list", query],
    queryFn: () => take(api.GET("/api/admin/users", { params: { query } })),
    enabled: asked.enabled && mayReadPeople,
  });
  const channels = useQuery({
    ...asked,
    queryKey: [...CHANNELS, "list", query],
    queryFn: () => take(api.GET("/api/admin/channels", { params: { query } })),
    enabled: asked.enabled && mayReadChannels,
  });
  const models = useQuery({
    ...asked,
    queryKey: [...MODELS, "list", query],
    queryFn: () => take(api.GET("/api/admin/models", { params: { query } })),
    enabled: asked.enabled && mayReadModels,
  });
  const pages: Choice[] = [...places.map(({ to, label }): Choice => ({ kind: "page", to, label })), ...others.map((other): Choice => ({ kind: "other", ...other }))];
  if (text === "") return { choices: [...recents.map((recent): Choice => ({ kind: "recent", ...recent })), ...pages], isSearching: false };
  // An id says exactly what is meant, so that Enter goes there at once.
  if (request !== undefined) return { choices: mayReadCalls ? [{ kind: "request", to: paths.request(request), label: request }] : [], isSearching: false };
  if (person !== undefined) return { choices: mayReadPeople ? [{ kind: "person", to: paths.person(person), label: person }] : [], isSearching: false };
  const isSearching = q !== text || [people, channels, models].some(({ isFetching }) => isFetching);
  const matching = pages.filter(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
  // What was found for other letters is not shown, or Enter might go elsewhere than meant.
  const found: Choice[] = isSearching
    ? []
    : [
        ...exactFirst(people.data?.items ?? [], text).map((user): Choice => ({ kind: "person", to: paths.person(user.id), label: `${user.display_name} · ${user.email}` })),
        ...(channels.data?.items ?? []).map((channel): Choice => ({ kind: "channel", to: paths.channel(channel.id), label: channel.name })),
        ...(models.data?.items ?? []).map((model): Choice => ({ kind: "model", to: paths.model(model.id), label: model.name })),
      ];
  return { choices: [...matching, ...found], isSearching };
}

/** Whoever is named in full comes before those whose name only begins so. */
function exactFirst(users: User[], text: string): User[] {
  const isExact = ({ email, username }: User) => [email, username].includes(text.toLowerCase());
  return [...users].sort((one, other) => Number(isExact(other)) - Number(isExact(one)));
}
