import { classes } from "@/kit/classes";

import type { Condition } from "../shell-types";

const GROUNDS: Record<Condition, string> = {
  unknown: "bg-edge",
  online: "bg-success",
  troubled: "bg-warning",
  offline: "bg-edge",
  blocked: "bg-danger",
  needs_pairing: "bg-warning",
  locked: "bg-warning",
};

/** How a connection is, for whoever sees it at a glance; the word stands beside it or is read out. */
export function ConditionDot({ condition }: { condition: Condition }) {
  return <span aria-hidden="true" className={classes("inline-block size-2 shrink-0 rounded-full", GROUNDS[condition])} />;
}
