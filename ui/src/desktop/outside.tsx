import { createContext, useContext } from "react";

import { ApiProblem } from "@/api/problem";
import { createServices, type SiteServices } from "@/features/services";

import { NOWHERE } from "./transport";

/** What pages stand on that belong to no site: nothing can be asked there. */
export function createOutside(): SiteServices {
  return createServices({
    fetch: () => Promise.reject(new ApiProblem("unknown_connection", "There is no connection.")),
    baseUrl: NOWHERE,
    onSignedOut: () => undefined,
  });
}

const Context = createContext<SiteServices | null>(null);

export const OutsideProvider = Context.Provider;

export function useOutside(): SiteServices {
  const outside = useContext(Context);
  if (outside === null) throw new Error("There is no window around these pages.");
  return outside;
}
