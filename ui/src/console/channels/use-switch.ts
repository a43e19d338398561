import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { useApi } from "@/features/services";
import { useProblemWords } from "@/features/problem-alert";
import { useToast } from "@/kit/toast";

import { CHANNELS } from "./channels";

type Switched = { id: string; name: string; active: boolean };

/** Turns a channel off or on. It can be taken back, so it is done at once; pages show it when the server has. */
export function useChannelSwitch() {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const say = useProblemWords();
  const change = useMutation({
    mutationFn: ({ id, active }: Switched) => take(api.PATCH("/api/admin/channels/{id}", { params: { path: { id } }, body: { active } })),
    onSuccess: async (_, { id, name, active }) => {
      await queries.invalidateQueries({ queryKey: CHANNELS });
      await queries.invalidateQueries({ queryKey: ["stats"] });
      toast(
        active
          ? { text: t("enabled", { name }) }
          : { text: t("disabled", { name }), action: { label: t("undo"), run: () => change.mutate({ id, name, active: true }) } },
      );
    },
    onError: (thrown) => toast({ tone: "danger", text: say(toProblem(thrown)) }),
  });
  return change;
}
