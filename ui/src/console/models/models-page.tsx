import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, Outlet, useSearch } from "@tanstack/react-router";
import { Boxes, Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Model, OfferedModel } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { useFilter, useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { usePageTitle } from "@/features/page-title";
import { useOfferedModels } from "@/features/site";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Table, type Column } from "@/kit/table";

import { paths } from "../paths";
import { SearchBox } from "../search-box";
import { MODELS } from "./models";
import { NewModelDialog } from "./new-model-dialog";
import { UnpricedModels } from "./unpriced-models";

const PAGE = 100;

/** Every model of the site with its price. One of them opens beside the list, under an address of its own. */
export function ModelsPage() {
  const { t } = useTranslation("catalog");
  const api = useApi();
  const mayWrite = useMay("models.write");
  const filter = useFilter();
  const { q } = useSearch({ strict: false }) as { q?: string };
  const { cursor, page, previous, next } = useKeyset();
  const [isAdding, setIsAdding] = useState(false);
  usePageTitle(t("title"));
  const list = useQuery({
    queryKey: [...MODELS, "list", { q, cursor }],
    queryFn: () => take(api.GET("/api/admin/models", { params: { query: { q, cursor, limit: PAGE } } })),
    placeholderData: keepPreviousData,
  });
  const offered = useOfferedModels();
  const add = (
    <Button variant="primary" icon={<Plus size={16} />} blockedBy={mayWrite ? undefined : t("mayNotWrite")} onClick={() => setIsAdding(true)}>
      {t("add")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} actions={add} />
      <UnpricedModels />
      <Panel flush>
        <div className="border-b border-line p-3">
          <SearchBox label={t("search")} value={q} onSearch={(text) => filter({ q: text })} />
        </div>
        <Listing
          query={list}
          isEmpty={({ items }) => items.length === 0}
          empty={
            q === undefined ? (
              <EmptyState icon={<Boxes size={18} />} title={t("none")} action={add}>
                {t("noneWhy")}
              </EmptyState>
            ) : (
              <EmptyState icon={<Boxes size={18} />} title={t("noneFound")} action={<Button onClick={() => filter({ q: undefined })}>{t("filters.clear", { ns: "console" })}</Button>} />
            )
          }
        >
          {({ items }) => <Models models={items} offered={offered.data?.items} />}
        </Listing>
        <Pager label={t("title")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </Panel>
      {isAdding && <NewModelDialog onClose={() => setIsAdding(false)} />}
      <Outlet />
    </>
  );
}

function Models({ models, offered }: { models: Model[]; offered: OfferedModel[] | undefined }) {
  const { t } = useTranslation("catalog");
  const formats = useFormats();
  const offerOf = (model: Model) => offered?.find(({ name }) => name === model.name);
  const rate = (model: Model, name: "input_per_million" | "output_per_million") => {
    const price = offerOf(model)?.price;
    return price === undefined ? <span className="text-muted">–</span> : <Money amount={price[name]} currency="USD" />;
  };
  const columns: Column<Model>[] = [
    {
      id: "name",
      header: t("model"),
      lead: true,
      cell: (model) => (
        <Link to={paths.model(model.id)} search={((before: object) => before) as never} className="grid rounded-sm sm:max-w-72">
          <span className="truncate font-medium hover:underline">{model.display_name}</span>
          <code className="truncate font-mono text-[0.8125rem] text-muted">{model.name}</code>
        </Link>
      ),
    },
    {
      id: "state",
      header: t("state"),
      cell: (model) => {
        if (!model.active) return <Badge>{t("states.off")}</Badge>;
        if (offered === undefined) return null;
        const offer = offerOf(model);
        if (offer === undefined) return <Badge tone="warning">{t("states.noPrice")}</Badge>;
        return offer.is_served ? <Badge tone="success">{t("states.on")}</Badge> : <Badge tone="warning">{t("states.notServed")}</Badge>;
      },
    },
    { id: "context", header: t("context"), align: "end", cell: ({ context_length }) => (context_length === null || context_length === undefined ? "–" : formats.number(context_length)) },
    { id: "input", header: t("input"), align: "end", className: "whitespace-nowrap", cell: (model) => rate(model, "input_per_million") },
    { id: "output", header: t("output"), align: "end", className: "whitespace-nowrap", cell: (model) => rate(model, "output_per_million") },
  ];
  return <Table caption={t("title")} columns={columns} rows={models} rowKey={({ id }) => id} />;
}
