import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { CurrentNotice } from "@/api/schema";
import { useApi } from "@/features/services";
import { Alert } from "@/kit/alert";
import { IconButton } from "@/kit/icon-button";

const STORED_AS = "waystation.notices-seen";
const SEEN_MAX = 50;
const TONES = { info: "info", warning: "warning", critical: "danger" } as const;

/** What there is to say now. A page may wait for it, so that it does not jump when it comes. */
export function useNotices() {
  const api = useApi();
  return useQuery({ queryKey: ["notices"], queryFn: () => take(api.GET("/api/me/notices")), staleTime: 60_000 });
}

/** What whoever runs the site has to say. A notice that was put away stays so until it is changed; a critical one stays. */
export function Notices() {
  const { t, i18n } = useTranslation("overview");
  const list = useNotices();
  const [seen, setSeen] = useState(readSeen);
  // Notices are an addition: a page is not kept from its reader because they cannot be had.
  const shown = list.data?.items.filter((notice) => notice.level === "critical" || !seen.includes(markOf(notice))) ?? [];
  if (shown.length === 0) return null;
  const dismiss = (notice: CurrentNotice) => {
    const next = [...seen, markOf(notice)].slice(-SEEN_MAX);
    setSeen(next);
    remember(next);
  };
  return (
    <section aria-label={t("notices")} className="grid gap-2 pb-5">
      {shown.map((notice) => {
        const title = inLanguage(notice.title, i18n.language);
        return (
          <div key={notice.id} className="relative [&_p]:pe-8">
            <Alert tone={TONES[notice.level] ?? "info"} title={title}>
              <p className="whitespace-pre-line [overflow-wrap:anywhere]">{inLanguage(notice.text, i18n.language)}</p>
            </Alert>
            {notice.level !== "critical" && (
              <IconButton className="absolute end-1.5 top-1.5" label={t("dismiss", { title })} icon={<X size={16} />} onClick={() => dismiss(notice)} />
            )}
          </div>
        );
      })}
    </section>
  );
}

/** A text in the reader's language, else in the one there is. */
function inLanguage(texts: CurrentNotice["title"], language: string): string {
  const own = language === "zh-CN" ? texts["zh-CN"] : texts.en;
  return own ?? texts.en ?? texts["zh-CN"] ?? "";
}

const markOf = (notice: CurrentNotice) => `${notice.id}@${notice.updated_at}`;

function readSeen(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED_AS) ?? "[]");
    return Array.isArray(stored) ? stored.filter((mark) => typeof mark === "string") : [];
  } catch {
    return [];
  }
}

function remember(marks: string[]) {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(marks));
  } catch {
    // A browser that keeps nothing shows the notice the next time.
  }
}
