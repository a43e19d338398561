import { notifyManager, onlineManager, useQueryClient, type Query, type QueryClient } from "@tanstack/react-query";
import { RefreshCw, WifiOff } from "lucide-react";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { Button } from "@/kit/button";

import { useApi } from "./services";

const WAITS_MS = [2_000, 4_000, 8_000, 15_000];

/** Says that the connection is lost, looks for it again and again, and fetches what could not be fetched when it is back. */
export function ConnectionNotice() {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const isOnline = useSyncExternalStore(subscribeOnline, () => onlineManager.isOnline());
  const isUnreached = useIsUnreached(queries);
  const [isLooking, setIsLooking] = useState(false);
  const look = useCallback(async () => {
    setIsLooking(true);
    try {
      await take(api.GET("/api/site"));
      await queries.refetchQueries({ type: "active", predicate: isCutOff });
    } catch {
      // It is looked for again.
    }
    setIsLooking(false);
  }, [api, queries]);
  useEffect(() => {
    if (!isUnreached) return undefined;
    let timer: ReturnType<typeof setTimeout>;
    const wait = (count: number) => {
      timer = setTimeout(() => void look().then(() => wait(count + 1)), WAITS_MS[Math.min(count, WAITS_MS.length - 1)]);
    };
    wait(0);
    addEventListener("online", look);
    return () => {
      clearTimeout(timer);
      removeEventListener("online", look);
    };
  }, [isUnreached, look]);
  if (isOnline && !isUnreached) return null;
  return (
    <div className="pointer-events-auto flex max-w-full items-center gap-3 rounded-panel border border-line bg-surface py-2 ps-3.5 pe-2 shadow-lg">
      <WifiOff size={18} aria-hidden="true" className="shrink-0 text-warning" />
      <p className="min-w-0 py-1">{isOnline ? t("connection.unreached") : t("connection.offline")}</p>
      <Button size="small" variant="quiet" pending={isLooking} icon={<RefreshCw size={16} />} onClick={() => void look()}>
        {t("problem.retry")}
      </Button>
    </div>
  );
}

function subscribeOnline(tell: () => void): () => void {
  return onlineManager.subscribe(tell);
}

/** Whether something that the page shows could not be fetched, the server being out of reach. */
function useIsUnreached(queries: QueryClient): boolean {
  const cache = queries.getQueryCache();
  const subscribe = useCallback((tell: () => void) => cache.subscribe(notifyManager.batchCalls(tell)), [cache]);
  return useSyncExternalStore(subscribe, () => cache.getAll().some((query) => query.isActive() && isCutOff(query)));
}

function isCutOff({ state }: Query): boolean {
  const reason: unknown = state.fetchFailureReason ?? state.error;
  return reason instanceof ApiProblem && reason.code === "no_connection";
}
