import { useQuery } from "@tanstack/react-query";

import { take } from "@/api/client";
import type { Channel } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";

import { CHANNELS } from "../channels/channels";

const NAMED_MAX = 100;

/** The channels by name, for whoever may see them. Very many are named by their ids. */
export function useChannelNames(): { channels: Channel[]; nameOf: (id: string) => string | undefined } {
  const api = useApi();
  const mayRead = useMay("channels.read");
  const list = useQuery({
    queryKey: [...CHANNELS, "names"],
    queryFn: () => take(api.GET("/api/admin/channels", { params: { query: { limit: NAMED_MAX } } })),
    enabled: mayRead,
    staleTime: 60_000,
  });
  const channels = list.data?.items ?? [];
  return { channels, nameOf: (id) => channels.find((channel) => channel.id === id)?.name };
}
