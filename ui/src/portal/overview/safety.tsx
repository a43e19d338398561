import { Link } from "@tanstack/react-router";
import { ChevronRight, CircleCheck, CircleDashed } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Skeleton } from "@/kit/skeleton";

import { paths } from "../paths";
import { usePasskeys, useRecoveryCodes, useTotp } from "../security/factors";

/** How well the account is kept, and what is left to do for it. */
export function Safety({ isVerified }: { isVerified: boolean }) {
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
