import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";

import { useApi } from "./services";
import { useSurroundings } from "./surroundings";

export const SITE = ["site"] as const;

/** What the site says of itself to everybody. */
export function useSite(refetchInterval: number | false = false) {
  const api = useApi();
  return useQuery({ queryKey: SITE, queryFn: () => take(api.GET("/api/site")), staleTime: 300_000, refetchInterval });
}

/** What the site is called; one that was given no name of its own goes by the product's, in the reader's language. */
export function useSiteName(): string {
  const { t } = useTranslation("shared");
  const name = useSite().data?.name;
  return name === undefined || name === "Waystation" ? t("product") : name;
}

/**
 * The address that clients call, as the site names it. Behind a proxy the one that is known here may be another, so that
 * is taken only where the site does not know better.
 */
export function useSiteAddress(): { root: string; base: string } {
  const { origin } = useSurroundings();
  const root = (useSite().data?.base_url ?? origin).replace(/\/+$/, "");
  return { root, base: `${root}/v1` };
}

/** The models that can be asked for, with their prices. */
export function useOfferedModels(isEnabled = true) {
  const api = useApi();
  return useQuery({ queryKey: ["offered-models"], queryFn: () => take(api.GET("/api/models")), staleTime: 60_000, enabled: isEnabled });
}
