import type { UseQueryResult } from "@tanstack/react-query";
import { Lock } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import { EmptyState } from "@/kit/empty-state";
import { SkeletonRows } from "@/kit/skeleton";

import { ProblemAlert } from "./problem-alert";

type ListingProps<Data> = {
  query: UseQueryResult<Data>;
  isEmpty: (data: Data) => boolean;
  /** What an empty list says; it knows whether there is none yet or only none of these. */
  empty: ReactNode;
  rows?: number;
  children: (data: Data) => ReactNode;
};

/** A list in each of its states: on its way, not allowed, failed, empty, there. */
export function Listing<Data>({ query, isEmpty, empty, rows, children }: ListingProps<Data>) {
  const { t } = useTranslation();
  const { data } = query;
  // What was there stays while the connection is lost; a notice over the page tells of that.
  const isKept = data !== undefined && query.isError && toProblem(query.error).code === "no_connection";
  if (query.isError && !isKept) {
    if (toProblem(query.error).code === "forbidden") {
      return (
        <EmptyState icon={<Lock size={18} />} title={t("list.notAllowed")}>
          {t("list.notAllowedWhy")}
        </EmptyState>
      );
    }
    return (
      <div className="p-4">
        <ProblemAlert problem={query.error} onRetry={() => query.refetch()} />
      </div>
    );
  }
  if (data === undefined) return <SkeletonRows rows={rows} />;
  return isEmpty(data) ? empty : children(data);
}
