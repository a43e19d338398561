import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { compareAmounts } from "@/features/exact-sum";
import { PagePending } from "@/features/first-paint";
import { Money } from "@/features/money";
import { usePageTitle } from "@/features/page-title";
import { useMe } from "@/features/session";
import { useSite } from "@/features/site";
import { useFormats } from "@/i18n/formats";
import { Alert } from "@/kit/alert";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";

import { paths } from "../paths";
import { Day } from "./day";
import { Notices, useNotices } from "./notices";
import { QuickStart } from "./quick-start";
import { Safety } from "./safety";

/** Where one stands: what there is to spend, the way to the next call, and what the last day brought. */
export function OverviewPage() {
  const { t } = useTranslation("overview");
  const me = useMe().data;
  const isNoticed = useNotices().isFetched;
  const isSiteKnown = useSite().isFetched;
  usePageTitle(t("overview", { ns: "places" }));
  // Notices and a warning stand above the rest: they come with it, not after it. What has failed once does not hold the
  // page up again: parts of it ask for the same, and would be taken away and brought back without end.
  if (me === undefined || !isNoticed || !isSiteKnown) return <PagePending />;
  return (
    <>
      <PageHeader title={t("overview.title", { ns: "portal", name: me.display_name })} />
      <Notices />
      <div className="grid gap-5">
        <div className="grid gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
          <Balance {...me.balance} />
          <QuickStart />
        </div>
        <Day />
        <Panel title={t("overview.safety", { ns: "portal" })} description={t("overview.safetyWhy", { ns: "portal" })} flush>
          <Safety isVerified={Boolean(me.email_verified_at)} />
        </Panel>
      </div>
    </>
  );
}

function Balance({ available, pending, currency }: { available: string; pending: string; currency: string }) {
  const { t } = useTranslation("overview");
  const formats = useFormats();
  const low = useSite().data?.low_balance;
  const isEmpty = compareAmounts(available, "0") <= 0;
  const isLow = low !== undefined && compareAmounts(available, low) < 0;
  return (
    <Panel title={t("overview.balance", { ns: "portal" })}>
      <div className="grid gap-3">
        <div>
          <p className="text-3xl font-semibold tracking-tight [overflow-wrap:anywhere]">
            <Money amount={available} currency={currency} />
          </p>
          <p className="mt-1 text-muted tabular-nums">{t("overview.held", { ns: "portal", amount: formats.money(pending, currency) })}</p>
        </div>
        {isEmpty ? (
          <Alert tone="danger" title={t("empty")}>
            {t("emptyWhy")}
          </Alert>
        ) : (
          isLow && (
            <Alert tone="warning" title={t("low")}>
              {t("lowWhy")}
            </Alert>
          )
        )}
        <Link to={paths.ledger} className="w-fit rounded-sm font-medium text-accent underline-offset-2 hover:underline">
          {t("ledger")}
        </Link>
      </div>
    </Panel>
  );
}
