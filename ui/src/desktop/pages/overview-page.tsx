import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Money } from "@/features/money";
import { useFormats } from "@/i18n/formats";
import { Alert } from "@/kit/alert";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { SkeletonRows } from "@/kit/skeleton";
import { Stat, Stats } from "@/kit/stat";

import { NoConnections } from "../connections/no-connections";
import { useAppView, useConnections } from "../desk";
import { SiteCard } from "../overview/site-card";
import { sumFigures, useSiteFigures, type Sums } from "../overview/site-figures";
import { paths } from "../paths";
import { ShellAlert } from "../shell-alert";
import type { Connection } from "../shell-types";
import { useWindowTitle } from "../window-title";
import { PairingDialog } from "./pairing-dialog";

/** How all sites do, at once. */
export function OverviewPage() {
  const { t } = useTranslation("machine");
  const navigate = useNavigate();
  const connections = useConnections();
  const notice = useAppView().data?.notice ?? null;
  const [isAdding, setIsAdding] = useState(false);
  useWindowTitle(t("overview.title"));
  const list = connections.data?.connections;
  return (
    <>
      <PageHeader title={t("overview.title")} description={list === undefined || list.length === 0 ? undefined : t("overview.why")} />
      <div className="grid grid-cols-1 gap-5">
        {notice !== null && <Alert tone="warning">{notice === "connections_newer" ? t("overview.newer") : t("overview.damaged")}</Alert>}
        {connections.isError && <ShellAlert failure={connections.error} onRetry={() => void connections.refetch()} />}
        {connections.isPending && <SkeletonRows rows={3} />}
        {list?.length === 0 && (
          <Panel>
            <NoConnections onAdd={() => setIsAdding(true)} />
          </Panel>
        )}
        {list !== undefined && list.length > 0 && <Sites connections={list} />}
      </div>
      {isAdding && <PairingDialog onClose={() => setIsAdding(false)} onPaired={() => void navigate({ to: paths.site })} />}
    </>
  );
}

function Sites({ connections }: { connections: readonly Connection[] }) {
  const { t } = useTranslation("connections");
  const figures = useSiteFigures(connections);
  const answered = figures.flatMap(({ data, isError }) => (data === undefined || isError ? [] : [data]));
  return (
    <>
      {answered.length > 1 && <Together sums={sumFigures(answered)} />}
      <ul aria-label={t("list")} className="grid grid-cols-1 gap-4 lg:grid-cols-2 2xl:grid-cols-3">
        {connections.map((connection, place) => {
          const its = figures[place];
          return its !== undefined && <SiteCard key={connection.id} connection={connection} figures={its} />;
        })}
      </ul>
    </>
  );
}

function Together({ sums }: { sums: Sums }) {
  const { t } = useTranslation("machine");
  const formats = useFormats();
  return (
    <Panel title={t("overview.sums")} description={t("overview.sumsOf", { count: sums.sites })}>
      <Stats>
        <Stat label={t("overview.requests")}>{formats.number(sums.requests)}</Stat>
        <Stat label={t("overview.errors")}>{formats.number(sums.errors)}</Stat>
        <Stat label={t("overview.tokens")}>{formats.number(sums.tokens)}</Stat>
        {sums.chargedSites > 0 && (
          <Stat label={t("overview.charged")} note={sums.chargedSites < sums.sites ? t("overview.chargedOf", { count: sums.chargedSites }) : undefined}>
            <Money amount={sums.charged} currency="USD" />
          </Stat>
        )}
      </Stats>
    </Panel>
  );
}
