import { keepPreviousData, useQueries, type UseQueryResult } from "@tanstack/react-query";

import { createApi, take } from "@/api/client";
import type { ApiProblem } from "@/api/problem";
import type { Overview } from "@/api/schema";
import { sumAmounts } from "@/features/exact-sum";

import { useDeskQueries } from "../desk";
import { useShell } from "../shell";
import type { Connection } from "../shell-types";
import { NOWHERE, transportTo } from "../transport";

const REFRESH_MS = 60_000;

export type SiteFigures = UseQueryResult<Overview, ApiProblem>;

/** What each site says of its last 24 hours, in the order of the connections. Nobody is asked for a proof by it. */
export function useSiteFigures(connections: readonly Connection[]): SiteFigures[] {
  const shell = useShell();
  return useQueries(
    {
      queries: connections.map(({ id, address, tls, condition }) => ({
        // A site that is somewhere else, known by something else or well again is asked anew.
        queryKey: ["site-figures", id, address, tls, condition],
        queryFn: () => {
          const api = createApi({ fetch: transportTo(id, shell), baseUrl: NOWHERE, askForProof: async () => null, onSignedOut: () => undefined });
          return take(api.GET("/api/admin/stats/overview"));
        },
        refetchInterval: REFRESH_MS,
        placeholderData: keepPreviousData,
      })),
    },
    useDeskQueries(),
  ) as SiteFigures[];
}

export type Sums = { sites: number; requests: number; errors: number; tokens: number; charged: string; chargedSites: number };

/** What may be added up over sites: counts and money. People may be the same, and rates and times are no counts. */
export function sumFigures(overviews: readonly Overview[]): Sums {
  const windows = overviews.map(({ now }) => now);
  const total = (count: (window: Overview["now"]) => number) => windows.reduce((sum, window) => sum + count(window), 0);
  const amounts = windows.flatMap(({ charged }) => (charged === null || charged === undefined ? [] : [charged]));
  return {
    sites: windows.length,
    requests: total(({ requests }) => requests),
    errors: total(({ errors }) => errors),
    tokens: total(({ input_tokens, output_tokens }) => input_tokens + output_tokens),
    charged: sumAmounts(amounts),
    chargedSites: amounts.length,
  };
}
