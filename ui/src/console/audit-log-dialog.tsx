import { useTranslation } from "react-i18next";

import type { AuditLogRow } from "@/api/schema";
import { useFormats } from "@/i18n/formats";
import { isolate } from "@/i18n/isolate";
import { Button } from "@/kit/button";
import { CopyButton } from "@/kit/copy-button";
import { Dialog } from "@/kit/dialog";

/** One entry of the audit log with what changed. */
export function AuditLogDialog({ row, onClose }: { row: AuditLogRow; onClose: () => void }) {
  const { t } = useTranslation("console");
  const formats = useFormats();
  const changes = changesOf(row.before, row.after);
  const facts: [string, string | null | undefined][] = [
    [t("audit.actor"), row.actor.id ?? row.actor.kind],
    [t("audit.target"), row.target && `${row.target.kind} ${row.target.id}`],
    [t("audit.ip"), row.client_ip],
    [t("audit.request"), row.request_id],
    [t("audit.hash"), row.hash],
  ];
  return (
    <Dialog
      open
      size="large"
      onClose={onClose}
      title={row.action}
      description={`#${formats.number(row.sequence)} · ${formats.dateTimeExact(row.at)}`}
      footer={<Button onClick={onClose}>{t("audit.close")}</Button>}
    >
      <div className="grid gap-5">
        <dl className="grid gap-x-5 gap-y-1.5 sm:grid-cols-[auto_minmax(0,1fr)]">
          {facts.map(
            ([label, value]) =>
              typeof value === "string" && (
                <div key={label} className="grid sm:contents">
                  <dt className="text-muted sm:leading-8">{label}</dt>
                  <dd className="flex min-w-0 items-center gap-1">
                    <code className="min-w-0 font-mono text-[0.8125rem] break-all">{value}</code>
                    <CopyButton value={value} label={t("audit.copy", { what: label })} />
                  </dd>
                </div>
              ),
          )}
        </dl>
        {changes.length > 0 && (
          <div className="overflow-x-auto rounded-panel border border-line">
            <table className="w-full text-[0.8125rem]">
              <caption className="sr-only">{t("audit.changes")}</caption>
              <thead>
                <tr className="border-b border-line text-start text-xs text-muted">
                  <th scope="col" className="px-3 py-2 text-start font-medium">{t("audit.field")}</th>
                  <th scope="col" className="px-3 py-2 text-start font-medium">{t("audit.before")}</th>
                  <th scope="col" className="px-3 py-2 text-start font-medium">{t("audit.after")}</th>
                </tr>
              </thead>
              <tbody className="divide-y divide-line align-top">
                {changes.map((change) => (
                  <tr key={change.field}>
                    <th scope="row" className="px-3 py-2 text-start font-normal whitespace-nowrap text-muted">{change.field}</th>
                    <td className="px-3 py-2 font-mono text-xs break-all">{change.before}</td>
                    <td className="px-3 py-2 font-mono text-xs break-all">{change.after}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </Dialog>
  );
}

type State = Record<string, unknown> | null | undefined;
type Change = { field: string; before: string; after: string };

/** The fields that differ between two states; all of them where one state is missing. */
export function changesOf(before: State, after: State): Change[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names]
    .map((field) => ({ field, before: textOf(before?.[field]), after: textOf(after?.[field]) }))
    .filter((change) => change.before !== change.after);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "–";
  // A text that turns the direction must not turn what is written around it.
  return typeof value === "string" ? value : JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? isolate(part) : part));
}
