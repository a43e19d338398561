import { OUTCOMES } from "@/features/calls/outcomes";
import { oneOf, text } from "@/features/plain-search";
import { readRangeSearch } from "@/features/range";

export const STATUS_CLASSES = ["2xx", "4xx", "5xx"] as const;

/** What the list of calls is narrowed by, as its address has it. */
export type RequestSearch = {
  model?: string;
  user?: string;
  channel?: string;
  outcome?: (typeof OUTCOMES)[number];
  status?: (typeof STATUS_CLASSES)[number];
  code?: string;
};

export function readRequestSearch(search: Record<string, unknown>) {
  return {
    ...readRangeSearch(search),
    model: text(search.model),
    user: text(search.user),
    channel: text(search.channel),
    outcome: oneOf(OUTCOMES, search.outcome),
    status: oneOf(STATUS_CLASSES, search.status),
    code: text(search.code),
    after: text(search.after),
  };
}
