import { useTranslation } from "react-i18next";

import type { Request } from "@/api/schema";
import { Badge } from "@/kit/badge";

/** How a call ended, in a word and its status. A word that came later is shown as the server has it. */
export function OutcomeBadge({ request }: { request: Pick<Request, "status" | "status_code"> }) {
  const { t } = useTranslation("requests");
  const tone = request.status === "ok" ? "success" : request.status === "cancelled" ? "warning" : "danger";
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <Badge tone={tone}>{t(`statuses.${request.status}`, { defaultValue: request.status })}</Badge>
      <span className="text-[0.8125rem] text-muted tabular-nums">{request.status_code}</span>
    </span>
  );
}
