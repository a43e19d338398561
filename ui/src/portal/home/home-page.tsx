import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import { quote } from "@/features/calls/curl";
import { PagePending } from "@/features/first-paint";
import { usePageTitle } from "@/features/page-title";
import { useSignInOptions } from "@/features/sign-in-options";
import { useOfferedModels, useSite, useSiteAddress, useSiteName } from "@/features/site";
import { wasSignedIn } from "@/features/visitor";
import { buttonLook } from "@/kit/button";
import { CodeBlock } from "@/kit/code-block";
import { CopyId } from "@/kit/copy-id";
import { Panel } from "@/kit/panel";

import { useLeave } from "../leave";
import { ModelTable } from "../models/models-page";
import { paths } from "../paths";
import { linkLook } from "../stranger-panel";

const MODELS_SHOWN = 6;
const FACTS = ["works", "clear", "yours"] as const;

/** What the site is, for whoever comes by: its address, a call, its models and the way in. */
export function HomePage() {
  const { t } = useTranslation("home");
  const site = useSite();
  const { base } = useSiteAddress();
  const models = useOfferedModels(site.data?.has_public_models === true);
  const isClosed = useSignInOptions().data?.registration === "closed";
  const name = useSiteName();
  usePageTitle(t("title"));
  const isUnset = site.isError && toProblem(site.error).code === "setup_required";
  useLeave(isUnset ? paths.setup : null);
  // What the site is called and where it is decide how long the lines are: nothing is shown before, so nothing jumps.
  if (!site.isFetched || isUnset) return <PagePending />;
  const all = models.data?.items ?? [];
  const example = all.find(({ is_served }) => is_served)?.name ?? "model-name";
  const command = [
    `curl ${quote(`${base}/chat/completions`)} \\`,
    `  -H "Authorization: Bearer $WAYSTATION_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${quote(JSON.stringify({ model: example, messages: [{ role: "user", content: "Hello!" }] }))}`,
  ].join("\n");
  return (
    <div className="grid gap-8">
      <div className="grid items-center gap-x-10 gap-y-6 lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
        <div className="grid min-w-0 gap-5">
          <div className="grid gap-2">
            <h1 className="text-2xl font-semibold tracking-tight sm:text-3xl">{t("title")}</h1>
            <p className="max-w-xl text-base text-muted">{t("why", { site: name })}</p>
          </div>
          <div className="flex flex-wrap gap-2">
            {wasSignedIn() ? (
              <Link to={paths.overview} className={buttonLook({ variant: "primary", size: "large" })}>
                {t("enter")}
              </Link>
            ) : (
              <>
                {!isClosed && (
                  <Link to={paths.register} className={buttonLook({ variant: "primary", size: "large" })}>
                    {t("start")}
                  </Link>
                )}
                <Link to={paths.signIn} className={buttonLook({ variant: isClosed ? "primary" : "secondary", size: "large" })}>
                  {t("signIn")}
                </Link>
              </>
            )}
          </div>
        </div>
        <div className="grid min-w-0 gap-3">
          <div className="flex flex-wrap items-center justify-between gap-x-4 rounded-panel border border-line bg-surface px-4 py-2">
            <span className="text-muted">{t("base")}</span>
            <CopyId id={base} label={t("copyBase", { ns: "docs" })} />
          </div>
          <CodeBlock label={t("command")} text={command} />
        </div>
      </div>
      <ul className="grid gap-x-8 gap-y-5 border-y border-line py-6 sm:grid-cols-3">
        {FACTS.map((fact) => (
          <li key={fact} className="grid content-start gap-1">
            <h2 className="font-semibold">{t(`facts.${fact}.title`)}</h2>
            <p className="text-muted">{t(`facts.${fact}.text`)}</p>
          </li>
        ))}
      </ul>
      {all.length > 0 && (
        <Panel title={t("models")} flush>
          <div className="border-y border-line">
            <ModelTable models={all.slice(0, MODELS_SHOWN)} linksTo={paths.publicModels} />
          </div>
          <p className="px-4 py-3 sm:px-5">
            <Link to={paths.publicModels} className={linkLook}>
              {t("allModels")}
            </Link>
            {all.length > MODELS_SHOWN && <span className="text-muted"> {t("more", { count: all.length - MODELS_SHOWN })}</span>}
          </p>
        </Panel>
      )}
    </div>
  );
}
