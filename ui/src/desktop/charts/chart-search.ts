import { oneOf } from "@/features/plain-search";
import { readRangeSearch, type RangeSearch } from "@/features/range";

import type { ChartKind } from "../shell-types";

export const CHART_KINDS = ["revenue_by_day", "revenue_by_month", "margin_by_day", "margin_by_month", "usage_by_model", "own_usage_by_model"] as const satisfies readonly ChartKind[];

/** The part of an address that says which chart is shown. */
export type ChartSearch = RangeSearch & { kind?: ChartKind };

export function readChartSearch(search: Record<string, unknown>): ChartSearch {
  return { ...readRangeSearch(search), kind: oneOf(CHART_KINDS, search.kind) };
}
