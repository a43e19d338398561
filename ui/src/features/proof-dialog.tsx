import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { requestPasskey } from "@/api/passkeys";
import { take } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import type { ProofCreate } from "@/api/schema";
import { buttonLook } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { Skeleton } from "@/kit/skeleton";

import { FactorForm, type FactorAnswer } from "./factor-form";
import { ProblemAlert } from "./problem-alert";
import type { ProofRequest } from "./prompts";
import { useApi } from "./services";
import { useSurroundings } from "./surroundings";

const SECURITY = "/app/security";

/** Asks whoever is signed in to prove it again, for the call that waits behind it. */
export function ProofDialog({ request }: { request: ProofRequest }) {
  const { t } = useTranslation();
  const api = useApi();
  const { hasPasskeys, linkTo } = useSurroundings();
  const start = useQuery({
    queryKey: ["proof"],
    queryFn: () => take(api.POST("/api/auth/proof/start")),
    gcTime: 0,
    staleTime: Infinity,
  });
  const prove = useMutation({
    mutationFn: async (answer: FactorAnswer) => take(api.POST("/api/auth/proof", { body: await proofOf(answer) })),
    onSuccess: (given) => request.settle(given.proof),
    // A passkey's challenge is good for one answer: the next try takes another.
    onError: (_, answer) => answer.method === "passkey" && void start.refetch(),
  });
  const proofOf = async (answer: FactorAnswer): Promise<ProofCreate> => {
    if (answer.method !== "passkey") return { [answer.method]: answer.value };
    const passkey = start.data?.passkey;
    if (!passkey) throw new ApiProblem("unreadable_answer", "There is no passkey challenge.");
    return { passkey: { challenge: passkey.challenge, credential: await requestPasskey(passkey.options) } };
  };
  const methods = start.data?.methods.filter((method) => hasPasskeys || method !== "passkey") ?? [];
  const isPasskeyOnly = methods.length === 0 && start.data?.methods.includes("passkey") === true;
  return (
    <Dialog open onClose={() => request.settle(null)} size="small" title={t("proof.title")} description={t("proof.why")}>
      {start.isPending && <Skeleton className="h-24" />}
      {start.isError && <ProblemAlert problem={start.error} onRetry={() => start.refetch()} />}
      {start.isSuccess && methods.length === 0 && (
        <div className="grid justify-items-start gap-3">
          <p>{isPasskeyOnly ? t("proof.passkeyOnly") : t("proof.none")}</p>
          {isPasskeyOnly && (
            <a {...linkTo(SECURITY)} className={buttonLook({ variant: "primary" })}>
              {t("proof.openSecurity")}
            </a>
          )}
        </div>
      )}
      {methods.length > 0 && (
        <FactorForm
          methods={methods}
          pending={prove.isPending}
          problem={prove.error}
          submitLabel={t("proof.submit")}
          onAnswer={(answer) => prove.mutate(answer)}
        />
      )}
    </Dialog>
  );
}
