import { useTranslation } from "react-i18next";

import type { KeptConnection } from "../shell-types";

const SHOWN_OF_KEY = 12;

/** Gives the function that says by what a site is known. */
export function useTlsWords(): (connection: Pick<KeptConnection, "tls" | "place">) => string {
  const { t } = useTranslation("connections");
  return ({ tls, place }) => {
    if (place.kind === "this_app") return t("tls.own");
    switch (tls.kind) {
      case "system":
        return t("tls.system");
      case "ca_file":
        return t("tls.ca_file", { path: tls.path });
      case "pinned_key":
        return t("tls.pinned_key", { fingerprint: tls.fingerprint.slice(0, SHOWN_OF_KEY) });
    }
  };
}
