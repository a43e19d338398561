import { Link } from "@tanstack/react-router";
import { ChevronRight, CircleCheck, CircleDashed } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Money } from "@/features/money";
import { usePageTitle } from "@/features/page-title";
import { useMe } from "@/features/session";
import { useFormats } from "@/i18n/formats";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Skeleton } from "@/kit/skeleton";

import { paths } from "./paths";
import { usePasskeys, useRecoveryCodes, useTotp } from "./security/factors";

/** Where one stands: what there is to spend, and how well the account is kept. */
export function OverviewPage() {
  const { t } = useTranslation("portal");
  const formats = useFormats();
  const me = useMe().data;
  usePageTitle(t("places.overview"));
  if (me === undefined) return null;
  const { available, pending, currency } = me.balance;
  return (
    <>
      <PageHeader title={t("overview.title", { name: me.display_name })} />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <Panel title={t("overview.balance")}>
          <p className="text-3xl font-semibold tracking-tight [overflow-wrap:anywhere]">
            <Money amount={available} currency={currency} />
          </p>
          <p className="mt-1 text-muted tabular-nums">{t("overview.held", { amount: formats.money(pending, currency) })}</p>
        </Panel>
        <Panel title={t("overview.safety")} description={t("overview.safetyWhy")} flush>
          <Safety isVerified={Boolean(me.email_verified_at)} />
        </Panel>
      </div>
    </>
  );
}

function Safety({ isVerified }: { isVerified: boolean }) {
  const { t } = useTranslation("portal");
  const totp = useTotp();
  const passkeys = usePasskeys();
  const codes = useRecoveryCodes();
  if (totp.isPending || passkeys.isPending || codes.isPending) return <Skeleton className="m-5 h-28" />;
  const hasFactor = (totp.data?.enabled ?? false) || (passkeys.data?.items.length ?? 0) > 0;
  const steps = [
    { done: isVerified, label: t("overview.steps.email"), to: paths.profile },
    { done: hasFactor, label: t("overview.steps.factor"), to: paths.security },
    { done: (codes.data?.left ?? 0) > 0, label: t("overview.steps.codes"), to: paths.security },
  ];
  return (
    <ul className="divide-y divide-line border-t border-line">
      {steps.map((step) => (
        <li key={step.label}>
          <Link to={step.to} className="flex items-center gap-3 px-4 py-3 -outline-offset-2 hover:bg-hover sm:px-5">
            {step.done ? (
              <CircleCheck size={18} aria-hidden="true" className="shrink-0 text-success" />
            ) : (
              <CircleDashed size={18} aria-hidden="true" className="shrink-0 text-warning" />
            )}
            <span className="min-w-0 flex-1">{step.label}</span>
            <span className={step.done ? "text-muted" : "font-medium text-warning"}>{step.done ? t("overview.done") : t("overview.open")}</span>
            <ChevronRight size={16} aria-hidden="true" className="shrink-0 text-muted" />
          </Link>
        </li>
      ))}
    </ul>
  );
}
