import { Copy, Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { Panel } from "@/kit/panel";
import { useToast } from "@/kit/toast";

import { useDeed } from "../desk";
import { ShellAlert } from "../shell-alert";
import { useLog } from "./use-log";

/** What the server says, while it says it. */
export function LogPanel() {
  const { t } = useTranslation("local");
  const toast = useToast();
  const [isFollowed, setIsFollowed] = useState(true);
  const lines = useLog(isFollowed);
  const box = useRef<HTMLDivElement>(null);
  const copy = useDeed({
    act: (shell) => shell.copyText(lines.map(({ text }) => text).join("\n"), false),
    onDone: () => toast({ text: t("log.copied") }),
  });
  useEffect(() => {
    const { current } = box;
    if (isFollowed && current !== null) current.scrollTop = current.scrollHeight;
  });
  return (
    <Panel
      title={t("log.title")}
      description={t("log.why")}
      flush
      actions={
        <span className="flex gap-2">
          <Button size="small" icon={isFollowed ? <Pause size={14} /> : <Play size={14} />} onClick={() => setIsFollowed(!isFollowed)}>
            {isFollowed ? t("log.pause") : t("log.follow")}
          </Button>
          <Button size="small" icon={<Copy size={14} />} pending={copy.isPending} blockedBy={lines.length === 0 ? t("log.none") : undefined} onClick={() => copy.mutate()}>
            {t("log.copy")}
          </Button>
        </span>
      }
    >
      {copy.isError && (
        <div className="px-5 pb-4">
          <ShellAlert failure={copy.error} />
        </div>
      )}
      {/* Read out line by line it would never be silent. */}
      <div
        ref={box}
        role="log"
        aria-live="off"
        aria-label={t("log.lines")}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard.
        tabIndex={0}
        className="max-h-96 min-h-24 overflow-auto rounded-b-panel border-t border-line bg-sunken px-4 py-3 font-mono text-xs leading-relaxed -outline-offset-2"
      >
        {lines.length === 0 && <p className="font-sans text-muted">{t("log.none")}</p>}
        {lines.map(({ number, source, text }) => (
          <p key={number} className="grid grid-cols-[2.5rem_minmax(0,1fr)] gap-2">
            <span className="text-muted">{t(`log.sources.${source}`)}</span>
            <span className="break-words whitespace-pre-wrap">{text}</span>
          </p>
        ))}
      </div>
    </Panel>
  );
}
