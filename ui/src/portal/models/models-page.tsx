import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { OfferedModel } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { useFilter } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { usePageTitle } from "@/features/page-title";
import { useOfferedModels, useSite } from "@/features/site";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { Button, buttonLook } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { Table, type Column } from "@/kit/table";
import { TextInput } from "@/kit/text-input";

import { paths, signInPath } from "../paths";
import { Capabilities, ModelSheet, useCapabilityWords } from "./model-sheet";

type Search = { q?: string; can?: string; model?: string };

/** The models and what they cost, for strangers and users alike. One of them opens beside the list. */
export function ModelsPage({ isSignedIn = false }: { isSignedIn?: boolean }) {
  const { t } = useTranslation("models");
  const filter = useFilter();
  const navigate = useNavigate();
  const say = useCapabilityWords();
  const { q = "", can, model: opened } = useSearch({ strict: false }) as Search;
  const site = useSite();
  // A site that keeps its models to its users is not asked for them in vain.
  const isHidden = !isSignedIn && site.data?.has_public_models === false;
  const models = useOfferedModels(isSignedIn || (!site.isPending && !isHidden));
  usePageTitle(t("title"));

  const all = models.data?.items ?? [];
  const sought = q.trim().toLocaleLowerCase();
  const found = all.filter(
    ({ name, display_name, capabilities }) =>
      (name.toLocaleLowerCase().includes(sought) || display_name.toLocaleLowerCase().includes(sought)) && (can === undefined || capabilities.includes(can)),
  );
  const capabilities = [...new Set(all.flatMap((model) => model.capabilities))].sort();
  const shown = all.find(({ name }) => name === opened);
  const clear = () => filter({ q: undefined, can: undefined });
  const close = () => void navigate({ to: ".", search: ((before: object) => ({ ...before, model: undefined })) as never });
  if (isHidden || (models.isError && toProblem(models.error).code === "invalid_token")) {
    return (
      <EmptyState
        icon={<Boxes size={18} />}
        title={t("notPublic")}
        action={
          <Link to={signInPath(paths.models)} className={buttonLook({ variant: "primary" })}>
            {t("signIn", { ns: "places" })}
          </Link>
        }
      >
        {t("notPublicWhy")}
      </EmptyState>
    );
  }
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} />
      <Panel flush>
        <div className="grid items-center gap-2 border-b border-line p-3 sm:grid-cols-[minmax(0,1fr)_12rem_auto]">
          <TextInput type="search" aria-label={t("search")} placeholder={t("search")} value={q} onChange={(event) => filter({ q: event.target.value })} />
          {capabilities.length > 0 && (
            <Select aria-label={t("capabilities")} value={can ?? ""} onChange={(event) => filter({ can: event.target.value })}>
              <option value="">{t("everyCapability")}</option>
              {capabilities.map((name) => (
                <option key={name} value={name}>
                  {say(name)}
                </option>
              ))}
            </Select>
          )}
          <span role="status" className="px-1 text-[0.8125rem] text-muted tabular-nums">
            {models.isSuccess && t("count", { count: found.length })}
          </span>
        </div>
        <Listing
          query={models}
          isEmpty={() => found.length === 0}
          empty={
            all.length === 0 ? (
              <EmptyState icon={<Boxes size={18} />} title={t("none")}>
                {t("noneWhy")}
              </EmptyState>
            ) : (
              <EmptyState icon={<Boxes size={18} />} title={t("noneFound")} action={<Button onClick={clear}>{t("filters.clearLong", { ns: "lists" })}</Button>} />
            )
          }
        >
          {() => <ModelTable models={found} />}
        </Listing>
      </Panel>
      {shown !== undefined && <ModelSheet key={shown.name} model={shown} isSignedIn={isSignedIn} onClose={close} />}
    </>
  );
}

/** As signed in, inside of the frame. */
export function OwnModelsPage() {
  return <ModelsPage isSignedIn />;
}

/** Models with what they cost; each leads to its details on the page of all models. */
export function ModelTable({ models, linksTo = "." }: { models: OfferedModel[]; linksTo?: string }) {
  const { t } = useTranslation("models");
  const formats = useFormats();
  const hasPerRequest = models.some(({ price }) => Number(price.per_request) > 0);
  const columns: Column<OfferedModel>[] = [
    {
      id: "model",
      header: t("model"),
      lead: true,
      cell: (model) => (
        <span className="grid min-w-44 gap-0.5">
          <span className="flex flex-wrap items-center gap-2">
            <Link
              to={linksTo}
              search={((before: object) => ({ ...before, model: model.name })) as never}
              aria-label={t("openNamed", { model: model.display_name })}
              className="rounded-sm font-medium [overflow-wrap:anywhere] hover:underline"
            >
              {model.display_name}
            </Link>
            {!model.is_served && <Badge tone="warning">{t("unavailable")}</Badge>}
          </span>
          {model.display_name !== model.name && <code className="font-mono text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{model.name}</code>}
        </span>
      ),
    },
    { id: "can", header: t("capabilities"), cell: (model) => <Capabilities of={model.capabilities} /> },
    {
      id: "context",
      header: t("context"),
      align: "end",
      className: "text-muted",
      cell: (model) => (model.context_length === null || model.context_length === undefined ? "–" : formats.number(model.context_length)),
    },
    { id: "input", header: t("input"), align: "end", className: "whitespace-nowrap", cell: (model) => <Money amount={model.price.input_per_million} currency="USD" /> },
    { id: "output", header: t("output"), align: "end", className: "whitespace-nowrap", cell: (model) => <Money amount={model.price.output_per_million} currency="USD" /> },
  ];
  if (hasPerRequest) {
    columns.push({ id: "perRequest", header: t("perRequest"), align: "end", className: "whitespace-nowrap", cell: (model) => (Number(model.price.per_request) > 0 ? <Money amount={model.price.per_request} currency="USD" /> : "–") });
  }
  return <Table caption={t("title")} columns={columns} rows={models} rowKey={(model) => model.name} />;
}
