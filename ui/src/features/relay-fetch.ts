import { createContext, useContext } from "react";

import type { RelayFetch } from "@/api/relay";

const Context = createContext<RelayFetch>((request) => globalThis.fetch(request));

/** How calls with a key leave: the browser's own way, or a test's. */
export const RelayFetchProvider = Context.Provider;

export function useRelayFetch(): RelayFetch {
  return useContext(Context);
}
