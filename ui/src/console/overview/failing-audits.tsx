import { useTranslation } from "react-i18next";

import type { AuditState } from "@/api/schema";
import { useNow } from "@/features/now";
import { useFormats } from "@/i18n/formats";
import { Alert } from "@/kit/alert";

/** What to run at the server to see everything that does not agree. */
const COMMANDS = { ledger: "waystation ledger audit", audit_log: "waystation audit verify" } as const;

/** Books that do not balance and an audit log that was changed: what was found, and what to do. Nothing while all is well. */
export function FailingAudits({ of: audits }: { of: AuditState[] }) {
  const failing = audits.filter(({ status }) => status === "failing");
  return failing.map((audit) => <FailingAudit key={audit.kind} of={audit} />);
}

function FailingAudit({ of: { kind, checked_at, findings, first_finding: first } }: { of: AuditState }) {
  const { t } = useTranslation("figures");
  const formats = useFormats();
  const now = useNow();
  return (
    <Alert tone="danger" live title={t(`audits.${kind}`)}>
      <div className="grid gap-1">
        {first && (
          <p className="[overflow-wrap:anywhere]">
            {t(`audits.findings.${first.code}`, { subject: first.subject, defaultValue: first.message })}
            {findings > 1 && <> {t("audits.more", { count: findings - 1, shown: formats.number(findings - 1) })}</>}
          </p>
        )}
        <p>
          {t(`audits.whatToDo.${kind}`)} <code className="font-mono text-[0.8125rem]">{COMMANDS[kind]}</code>
        </p>
        {checked_at && <p className="text-[0.8125rem]">{t("audits.checked", { when: formats.relative(checked_at, now) })}</p>}
      </div>
    </Alert>
  );
}
