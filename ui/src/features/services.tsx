import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { createApi, type Api, type Fetch } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { KitTextProvider, type KitText } from "@/kit/kit-text";
import { ToastProvider } from "@/kit/toast";

import { ProofDialog, type ProofRequest } from "./proof-dialog";
import { RelayFetchProvider } from "./relay-fetch";
import { SessionEnded } from "./session-ended";
import { StandingNotices } from "./standing-notices";
import { holdsUnsaved, watchTyping } from "./typing";

const ApiContext = createContext<Api | null>(null);

export function useApi(): Api {
  const api = useContext(ApiContext);
  if (api === null) throw new Error("There is no API outside of Services.");
  return api;
}

const SignedOutContext = createContext<() => void>(() => undefined);

/** What is to be called when the session turns out to be over. */
export function useSignedOut(): () => void {
  return useContext(SignedOutContext);
}

type ServicesProps = {
  fetch?: Fetch;
  /** Called when the session is over and the page is to be left for signing in. */
  onSignedOut: () => void;
  children: ReactNode;
};

/** Everything that screens stand on: the API, what was fetched from it, the proof dialog, toasts, the kit's words. */
export function Services({ fetch = (request) => globalThis.fetch(request), onSignedOut, children }: ServicesProps) {
  const [proofRequest, setProofRequest] = useState<ProofRequest | null>(null);
  const [queries] = useState(createQueries);
  const [isEnded, setIsEnded] = useState(false);
  // A page with something to lose is not taken away.
  const [signedOut] = useState(() => () => (holdsUnsaved() ? setIsEnded(true) : onSignedOut()));
  useEffect(watchTyping, []);
  const [api] = useState(() =>
    createApi({
      fetch,
      onSignedOut: signedOut,
      askForProof: () =>
        new Promise((resolve) => {
          setProofRequest({
            settle: (proof) => {
              setProofRequest(null);
              resolve(proof);
            },
          });
        }),
    }),
  );
  return (
    <ApiContext.Provider value={api}>
      <SignedOutContext.Provider value={signedOut}>
        <RelayFetchProvider value={fetch}>
          <QueryClientProvider client={queries}>
            <KitTextProvider text={useTranslatedKitText()}>
              <ToastProvider>
                {children}
                <StandingNotices />
                {proofRequest !== null && <ProofDialog request={proofRequest} />}
                {isEnded && (
                  <SessionEnded
                    onBack={() => setIsEnded(false)}
                    onLeave={() => {
                      setIsEnded(false);
                      onSignedOut();
                    }}
                  />
                )}
              </ToastProvider>
            </KitTextProvider>
          </QueryClientProvider>
        </RelayFetchProvider>
      </SignedOutContext.Provider>
    </ApiContext.Provider>
  );
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
