import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { ProblemAlert } from "@/features/problem-alert";
import { useApi } from "@/features/services";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Panel } from "@/kit/panel";
import { Skeleton } from "@/kit/skeleton";

import { RECOVERY_CODES, useRecoveryCodes } from "./factors";
import { RecoveryCodesOnce } from "./recovery-codes-once";

const FEW = 3;

export function RecoveryCodesSection() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const queries = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const [codes, setCodes] = useState<string[] | null>(null);
  const state = useRecoveryCodes();
  const make = useMutation({
    mutationFn: () => take(api.POST("/api/me/recovery-codes")),
    onSuccess: async (made) => {
      setIsAsking(false);
      setCodes(made.codes);
      await queries.invalidateQueries({ queryKey: RECOVERY_CODES });
    },
    onError: (thrown) => toProblem(thrown).code === "withheld" && setIsAsking(false),
  });
  const left = state.data?.left ?? 0;
  const total = state.data?.total ?? 0;
  // They come with a second factor; before there is one, there is nothing to make anew.
  const action = total > 0 && <Button onClick={() => setIsAsking(true)}>{t("codes.make")}</Button>;
  return (
    <Panel title={t("codes.title")} description={t("codes.why")} actions={action}>
      {state.isPending && <Skeleton className="h-5 w-40" />}
      {state.isError && <ProblemAlert problem={state.error} onRetry={() => state.refetch()} />}
      {state.isSuccess && (total === 0 ? <p className="text-muted">{t("codes.none")}</p> : <Badge tone={left < FEW ? "warning" : "success"}>{t("codes.left", { left, total })}</Badge>)}
      {codes !== null && <RecoveryCodesOnce codes={codes} onSaved={() => setCodes(null)} />}
      <ConfirmDialog
        open={isAsking}
        tone="primary"
        title={t("codes.makeTitle")}
        consequence={t("codes.makeWhat")}
        action={t("codes.make")}
        cancel={t("cancel", { ns: "shared" })}
        pending={make.isPending}
        onConfirm={() => make.mutate()}
        onCancel={() => {
          setIsAsking(false);
          make.reset();
        }}
      >
        {make.isError && <ProblemAlert problem={make.error} />}
      </ConfirmDialog>
    </Panel>
  );
}
