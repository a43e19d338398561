import { Monitor, Smartphone, SquareTerminal } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Session } from "@/api/schema";
import { useFormats } from "@/i18n/formats";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";

import { useNow } from "./now";
import { readUserAgent } from "./user-agent";

const ICONS = { browser: Monitor, device: Smartphone, cli: SquareTerminal };

type SessionListProps = { sessions: Session[]; onRevoke?: ((session: Session) => void) | undefined };

/** Where somebody is signed in, and a way to end each. */
export function SessionList({ sessions, onRevoke }: SessionListProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const now = useNow();
  return (
    <ul className="divide-y divide-line">
      {sessions.map((session) => {
        const Icon = ICONS[session.kind] ?? Monitor;
        const kind = t(`sessions.kinds.${session.kind}`, { defaultValue: session.kind });
        const name = sessionName(session) ?? kind;
        return (
          <li key={session.id} className="flex items-center gap-3.5 px-4 py-3 sm:px-5">
            <Icon size={18} aria-hidden="true" className="shrink-0 text-muted" />
            <div className="grid min-w-0 flex-1 gap-0.5">
              <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <span className="font-medium [overflow-wrap:anywhere]">{name}</span>
                {session.is_current && <Badge tone="accent">{t("sessions.current")}</Badge>}
                {session.kind !== "browser" && sessionName(session) !== null && <Badge>{kind}</Badge>}
              </p>
              <p className="flex flex-wrap gap-x-3 text-[0.8125rem] [overflow-wrap:anywhere] text-muted">
                {session.client_ip && <span className="tabular-nums">{session.client_ip}</span>}
                <span title={formats.dateTimeExact(session.last_used_at ?? session.created_at)}>
                  {t("sessions.lastUsed", { when: formats.relative(session.last_used_at ?? session.created_at, now) })}
                </span>
                <span>{t("sessions.since", { date: formats.date(session.created_at) })}</span>
              </p>
            </div>
            {onRevoke !== undefined && !session.is_current && (
              <Button size="small" aria-label={t("sessions.endNamed", { name })} onClick={() => onRevoke(session)}>
                {t("sessions.end")}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

export function sessionName(session: Session): string | null {
  return session.name ?? (session.user_agent ? readUserAgent(session.user_agent) : null);
}
