import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { createApi, type Api, type Fetch } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { KitTextProvider, type KitText } from "@/kit/kit-text";
import { ToastProvider } from "@/kit/toast";

import { createPrompts, type Prompts } from "./prompts";
import { ProofDialog } from "./proof-dialog";
import { RelayFetchProvider } from "./relay-fetch";
import { SessionEnded } from "./session-ended";
import { StandingNotices } from "./standing-notices";
import { holdsUnsaved, watchTyping } from "./typing";

/** What the screens of one site stand on. Nothing of it is shared with another site. */
export type SiteServices = {
  api: Api;
  /** What was fetched. */
  queries: QueryClient;
  fetch: Fetch;
  /** To be called when the session turns out to be over. */
  signedOut: () => void;
  /** What the reader is asked before something goes on. */
  prompts: Prompts;
};

type Site = {
  fetch: Fetch;
  baseUrl?: string;
  /** Called when the session is over and the screens are to be left. */
  onSignedOut: () => void;
};

export function createServices({ fetch, baseUrl, onSignedOut }: Site): SiteServices {
  const prompts = createPrompts({ onLeave: onSignedOut });
  // A page with something to lose is not taken away.
  const signedOut = () => (holdsUnsaved() ? prompts.tellEnded() : onSignedOut());
  const api = createApi({ fetch, ...(baseUrl === undefined ? {} : { baseUrl }), onSignedOut: signedOut, askForProof: prompts.askForProof });
  return { api, queries: createQueries(), fetch, signedOut, prompts };
}

const ServicesContext = createContext<SiteServices | null>(null);

function useServices(): SiteServices {
  const services = useContext(ServicesContext);
  if (services === null) throw new Error("There is no API outside of Services.");
  return services;
}

export function useApi(): Api {
  return useServices().api;
}

/** What is to be called when the session turns out to be over. */
export function useSignedOut(): () => void {
  return useServices().signedOut;
}

/** Gives what is below one site to stand on. What stands on another one has to be mounted anew. */
export function SiteServicesProvider({ services, children }: { services: SiteServices; children: ReactNode }) {
  return (
    <ServicesContext.Provider value={services}>
      <RelayFetchProvider value={services.fetch}>
        <QueryClientProvider client={services.queries}>{children}</QueryClientProvider>
      </RelayFetchProvider>
    </ServicesContext.Provider>
  );
}

type ServicesProps = {
  fetch?: Fetch;
  /** Called when the session is over and the page is to be left for signing in. */
  onSignedOut: () => void;
  children: ReactNode;
};

/** Everything that screens of the site that the page came from stand on: its API, toasts, the kit's words. */
export function Services({ fetch = (request) => globalThis.fetch(request), onSignedOut, children }: ServicesProps) {
  const [services] = useState(() => createServices({ fetch, onSignedOut }));
  useEffect(watchTyping, []);
  return (
    <SiteServicesProvider services={services}>
      <KitWords>
        <ToastProvider>
          {children}
          <SitePrompts services={services} />
        </ToastProvider>
      </KitWords>
    </SiteServicesProvider>
  );
}

/** What a site asks of the reader, and what is to be said about it as a whole. */
export function SitePrompts({ services: { prompts } }: { services: SiteServices }) {
  const { proof, isEnded } = useSyncExternalStore(prompts.subscribe, prompts.current);
  return (
    <>
      <StandingNotices />
      {proof !== null && <ProofDialog request={proof} />}
      {isEnded && <SessionEnded onBack={prompts.goBack} onLeave={prompts.leave} />}
    </>
  );
}

/** The words that the kit says by itself, in the reader's language. */
export function KitWords({ children }: { children: ReactNode }) {
  return <KitTextProvider text={useTranslatedKitText()}>{children}</KitTextProvider>;
}

function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        // Browsers are often wrong about being connected. A call that waited for it would go out long after the press.
        networkMode: "always",
        refetchOnReconnect: true,
        // What the server has answered it will answer again; only a lost connection is worth another try.
        retry: (failures, problem) => failures < 2 && problem instanceof ApiProblem && problem.code === "no_connection",
      },
      mutations: { networkMode: "always" },
    },
  });
}

function useTranslatedKitText(): KitText {
  const { t } = useTranslation();
  return useMemo(
    () => ({
      close: t("kit.close"),
      copy: t("kit.copy"),
      copied: t("kit.copied"),
      copyFailed: t("kit.copyFailed"),
      showPassword: t("kit.showPassword"),
      hidePassword: t("kit.hidePassword"),
      previous: t("kit.previous"),
      next: t("kit.next"),
      page: (number) => t("kit.page", { number }),
      loading: t("kit.loading"),
      savedIt: t("kit.savedIt"),
      optional: t("kit.optional"),
      dismiss: t("kit.dismiss"),
    }),
    [t],
  );
}
