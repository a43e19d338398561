import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { KeyCreated } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { quote } from "@/features/calls/curl";
import { useApi } from "@/features/services";
import { KEYS } from "@/features/own-keys";
import { ProblemAlert } from "@/features/problem-alert";
import { useOfferedModels, useSiteAddress } from "@/features/site";
import { Button } from "@/kit/button";
import { CodeBlock } from "@/kit/code-block";
import { CopyId } from "@/kit/copy-id";
import { Panel } from "@/kit/panel";

import { KeySecret } from "../keys/key-secret";
import { paths } from "../paths";

/** The way to the first call: the address, a key by one press, and a test of it in the dialog that shows it. */
export function QuickStart() {
  const { t } = useTranslation("overview");
  const api = useApi();
  const queries = useQueryClient();
  const { base } = useSiteAddress();
  const model = useOfferedModels().data?.items.find(({ is_served }) => is_served)?.name;
  const [isPending, setIsPending] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [created, setCreated] = useState<KeyCreated | null>(null);
  const create = async () => {
    setIsPending(true);
    setProblem(null);
    try {
      setCreated(await take(api.POST("/api/me/keys", { body: { name: t("defaultName", { ns: "keys" }) } })));
      void queries.invalidateQueries({ queryKey: KEYS });
    } catch (thrown) {
      setProblem(toProblem(thrown));
    }
    setIsPending(false);
  };
  const command = [
    `curl ${quote(`${base}/chat/completions`)} \\`,
    `  -H "Authorization: Bearer $WAYSTATION_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${quote(JSON.stringify({ model: model ?? "…", messages: [{ role: "user", content: "Hello!" }] }))}`,
  ].join("\n");
  return (
    <Panel title={t("quickStart")} description={t("quickStartWhy")}>
      <div className="grid gap-4">
        {problem !== null && <ProblemAlert problem={problem} />}
        <div className="flex flex-wrap items-center justify-between gap-3">
          <span className="grid min-w-0">
            <span className="text-[0.8125rem] text-muted">{t("base")}</span>
            <CopyId id={base} label={t("copyBase", { ns: "docs" })} />
          </span>
          <Button variant="primary" icon={<KeyRound size={16} />} pending={isPending} onClick={() => void create()}>
            {t("createAndTest")}
          </Button>
        </div>
        <CodeBlock label={t("snippet")} text={command} />
        <Link to={paths.docs} className="w-fit rounded-sm font-medium text-accent underline-offset-2 hover:underline">
          {t("moreTools")}
        </Link>
      </div>
      {created !== null && (
        <KeySecret
          created={created}
          onSaved={() => {
            setCreated(null);
            // The test call may have changed what the page shows.
            void queries.invalidateQueries();
          }}
        />
      )}
    </Panel>
  );
}
