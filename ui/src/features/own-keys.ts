import { useQuery } from "@tanstack/react-query";

import { take } from "@/api/client";
import type { Key } from "@/api/schema";

import { useApi } from "./services";

export const KEYS = ["keys"] as const;

const NAMED_MAX = 100;

/** One's own keys, for naming them beside what they were used for. Very many are named by their ids. */
export function useKeyNames(): { keys: Key[]; nameOf: (id: string) => string | undefined } {
  const api = useApi();
  const list = useQuery({ queryKey: [...KEYS, "names"], queryFn: () => take(api.GET("/api/me/keys", { params: { query: { limit: NAMED_MAX } } })) });
  const keys = list.data?.items ?? [];
  return { keys, nameOf: (id) => keys.find((key) => key.id === id)?.name };
}
