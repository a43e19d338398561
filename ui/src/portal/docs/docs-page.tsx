import { Link, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { useFilter } from "@/features/keyset";
import { usePageTitle } from "@/features/page-title";
import { useOfferedModels, useSite, useSiteAddress } from "@/features/site";
import { Alert } from "@/kit/alert";
import { CodeBlock } from "@/kit/code-block";
import { CopyId } from "@/kit/copy-id";
import { Fact, Facts } from "@/kit/facts";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Table, type Column } from "@/kit/table";
import { Tabs } from "@/kit/tabs";

import { paths } from "../paths";
import { linkLook } from "../stranger-panel";
import { CLIENTS, type Client, type Place } from "./clients";

const EXAMPLE_MODEL = "model-name";

const ROUTES = [
  { id: "chat", method: "POST", path: "/v1/chat/completions" },
  { id: "models", method: "GET", path: "/v1/models" },
  { id: "model", method: "GET", path: "/v1/models/{model}" },
  { id: "usage", method: "GET", path: "/v1/usage" },
] as const;

const ERRORS = [
  { status: 400, code: "invalid_request" },
  { status: 401, code: "invalid_api_key" },
  { status: 402, code: "insufficient_balance" },
  { status: 402, code: "budget_exceeded" },
  { status: 403, code: "model_not_allowed" },
  { status: 403, code: "ip_not_allowed" },
  { status: 404, code: "model_not_found" },
  { status: 429, code: "rate_limit_exceeded" },
  { status: 502, code: "upstream_error" },
  { status: 503, code: "no_channel_available" },
  { status: 504, code: "upstream_timeout" },
] as const;

/** How to call the site from everything that calls, with its own address filled in. */
export function DocsPage({ isSignedIn = false }: { isSignedIn?: boolean }) {
  const { t } = useTranslation("docs");
  const filter = useFilter();
  const { client = CLIENTS[0]?.id ?? "" } = useSearch({ strict: false }) as { client?: string };
  const site = useSite();
  const { root, base } = useSiteAddress();
  const models = useOfferedModels(isSignedIn || site.data?.has_public_models === true);
  const model = models.data?.items.find(({ is_served }) => is_served)?.name ?? EXAMPLE_MODEL;
  usePageTitle(t("title"));
  const place: Place = { root, base, model, site: site.data?.name ?? "Waystation" };
  const tabs = CLIENTS.map((one) => ({ value: one.id, label: one.name === "" ? t("others") : one.name, content: <ClientDocs client={one} place={place} /> }));
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} />
      <div className="grid gap-5">
        <Panel>
          <Facts>
            <Fact name={t("base")}>
              <CopyId id={base} label={t("copyBase")} />
            </Fact>
            <Fact name={t("key")}>
              {t("keyWhy")}{" "}
              <Link to={paths.keys} className={linkLook}>
                {t("keyLink")}
              </Link>
            </Fact>
          </Facts>
        </Panel>
        <Panel title={t("clients")} flush>
          <div className="px-4 pb-5 sm:px-5">
            {model === EXAMPLE_MODEL && (
              <div className="pb-3">
                <Alert tone="info">{t("noModel", { model })}</Alert>
              </div>
            )}
            <Tabs label={t("clients")} value={client} onChange={(value) => filter({ client: value })} tabs={tabs} />
          </div>
        </Panel>
        <Panel title={t("routes")} description={t("routesWhy")} flush>
          <div className="border-t border-line">
            <Routes />
          </div>
        </Panel>
        <Panel title={t("errors")} description={t("errorsWhy")} flush>
          <div className="border-t border-line">
            <Errors />
          </div>
        </Panel>
      </div>
    </>
  );
}

/** As signed in, inside of the frame. */
export function OwnDocsPage() {
  return <DocsPage isSignedIn />;
}

function ClientDocs({ client, place }: { client: Client; place: Place }) {
  const { t } = useTranslation("docs");
  // The words are looked up by the client's name; the test of this file sees that each has all of its own.
  const say = t as (key: string) => string;
  return (
    <div className="grid gap-4">
      <ol className="grid max-w-3xl gap-1.5">
        {client.steps.map((step) => (
          <li key={step}>{say(`steps.${client.id}.${step}`)}</li>
        ))}
      </ol>
      {client.facts !== undefined && (
        <div className="max-w-xl">
          <Facts>
            {client.facts.map((fact) => (
              <Fact key={fact.id} name={t(`fields.${fact.id}`)}>
                <code className="font-mono text-[0.8125rem]">{fact.text(place)}</code>
              </Fact>
            ))}
          </Facts>
        </div>
      )}
      {client.snippets.map((snippet) => (
        <div key={snippet.id} className="grid min-w-0 gap-1.5">
          <p className="font-mono text-xs text-muted">{snippet.label}</p>
          <CodeBlock label={`${client.name} ${snippet.label}`} text={snippet.text(place)} />
        </div>
      ))}
    </div>
  );
}

type Route = (typeof ROUTES)[number];

function Routes() {
  const { t } = useTranslation("docs");
  const columns: Column<Route>[] = [
    { id: "path", header: t("path"), lead: true, cell: (route) => <code className="font-mono text-[0.8125rem] [overflow-wrap:anywhere]">{route.path}</code> },
    { id: "method", header: t("method"), cell: (route) => route.method },
    { id: "purpose", header: t("purpose"), cell: (route) => t(`purposes.${route.id}`) },
  ];
  return <Table caption={t("routes")} columns={columns} rows={[...ROUTES]} rowKey={(route) => route.id} />;
}

type Failure = (typeof ERRORS)[number];

function Errors() {
  const { t } = useTranslation("docs");
  const columns: Column<Failure>[] = [
    { id: "code", header: t("code"), lead: true, cell: (failure) => <code className="font-mono text-[0.8125rem] [overflow-wrap:anywhere]">{failure.code}</code> },
    { id: "status", header: t("status"), className: "tabular-nums", cell: (failure) => failure.status },
    { id: "meaning", header: t("meaning"), cell: (failure) => t(`meanings.${failure.code}`) },
  ];
  return <Table caption={t("errors")} columns={columns} rows={[...ERRORS]} rowKey={(failure) => failure.code} />;
}
