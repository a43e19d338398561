import { useQuery } from "@tanstack/react-query";

import { take } from "@/api/client";
import type { Channel } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";

import { CHANNELS } from "../channels/channels";

const PAGE = 100;
/** So many pages are asked for; a site with more channels names the others by their ids. */
const PAGES_MAX = 10;

/** The channels by name, for whoever may see them. */
export function useChannelNames(): { channels: Channel[]; nameOf: (id: string) => string | undefined } {
  const api = useApi();
  const mayRead = useMay("channels.read");
  const list = useQuery({
    queryKey: [...CHANNELS, "names"],
    queryFn: async () => {
      const channels: Channel[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const { items, next_cursor } = await take(api.GET("/api/admin/channels", { params: { query: { cursor, limit: PAGE } } }));
        channels.push(...items);
        if (!next_cursor) break;
        cursor = next_cursor;
      }
      return channels;
    },
    enabled: mayRead,
    staleTime: 60_000,
  });
  const channels = list.data ?? [];
  return { channels, nameOf: (id) => channels.find((channel) => channel.id === id)?.name };
}
