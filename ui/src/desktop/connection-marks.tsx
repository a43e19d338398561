import { useTranslation } from "react-i18next";

import { Badge } from "@/kit/badge";
import { classes } from "@/kit/classes";

import type { Colour, Condition, Environment } from "./shell-types";

/** The grounds of the colours that connections are told apart by. */
export const COLOUR_GROUNDS: Record<Colour, string> = {
  teal: "bg-tag-teal",
  blue: "bg-tag-blue",
  violet: "bg-tag-violet",
  pink: "bg-tag-pink",
  red: "bg-tag-red",
  amber: "bg-tag-amber",
  green: "bg-tag-green",
  grey: "bg-tag-grey",
};

export const COLOURS = Object.keys(COLOUR_GROUNDS) as Colour[];

/** The colour of a connection; beside its name, which says the same to whoever sees no colours. */
export function ColourMark({ colour, className }: { colour: Colour; className?: string }) {
  return <span aria-hidden="true" className={classes("inline-block h-4 w-1.5 shrink-0 rounded-full", COLOUR_GROUNDS[colour], className)} />;
}

const ENVIRONMENT_TONES = { production: "danger", staging: "warning", development: "neutral" } as const;

/** What depends on a site, in a word. */
export function EnvironmentBadge({ environment }: { environment: Environment }) {
  const { t } = useTranslation("desk");
  return <Badge tone={ENVIRONMENT_TONES[environment]}>{t(`environments.${environment}`)}</Badge>;
}

const CONDITION_TONES: Record<Condition, "neutral" | "success" | "warning" | "danger"> = {
  unknown: "neutral",
  online: "success",
  troubled: "warning",
  offline: "neutral",
  blocked: "danger",
  needs_pairing: "warning",
  locked: "warning",
};

/** How a connection is, in a word. */
export function ConditionBadge({ condition }: { condition: Condition }) {
  const { t } = useTranslation("desk");
  return <Badge tone={CONDITION_TONES[condition]}>{t(`conditions.${condition}`)}</Badge>;
}
