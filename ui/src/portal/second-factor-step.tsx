import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { requestPasskey } from "@/api/passkeys";
import { ApiProblem } from "@/api/problem";
import type { SecondFactorChallenge, SignInReply } from "@/api/schema";
import { FactorForm, type FactorAnswer } from "@/features/factor-form";
import { useApi } from "@/features/services";

import { linkLook, StrangerPanel } from "./stranger-panel";

type SecondFactorStepProps = { challenge: SecondFactorChallenge; onReply: (reply: SignInReply) => void; onBack: () => void };

/** The second factor of a sign-in that is under way. */
export function SecondFactorStep({ challenge, onReply, onBack }: SecondFactorStepProps) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const answer = useMutation({
    mutationFn: async (given: FactorAnswer) => {
      const body = { challenge: challenge.challenge, ...(await factorOf(given)) };
      return take(api.POST("/api/auth/second-factor", { body }));
    },
    onSuccess: onReply,
  });
  const factorOf = async (given: FactorAnswer) => {
    if (given.method !== "passkey") return { [given.method]: given.value };
    if (!challenge.passkey) throw new ApiProblem("unreadable_answer", "There is no passkey challenge.");
    return { passkey: await requestPasskey(challenge.passkey) };
  };
  return (
    <StrangerPanel
      title={t("secondFactor.title")}
      description={t("secondFactor.why")}
      below={
        <button type="button" className={linkLook} onClick={onBack}>
          {t("secondFactor.back")}
        </button>
      }
    >
      <FactorForm
        methods={challenge.methods}
        pending={answer.isPending}
        problem={answer.error}
        submitLabel={t("secondFactor.submit")}
        onAnswer={(given) => answer.mutate(given)}
      />
    </StrangerPanel>
  );
}
