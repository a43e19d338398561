import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Me } from "@/api/schema";
import { Button, buttonLook } from "@/kit/button";
import { Dialog } from "@/kit/dialog";

import { useApi } from "./services";
import { ME } from "./session";
import { useSurroundings } from "./surroundings";

type SessionEndedProps = { onBack: () => void; onLeave: () => void };

/**
 * Says that the session is over where leaving the page would lose something. Whoever signs in elsewhere in the browser
 * finds the page as it was; somebody else who does gets a page of their own.
 */
export function SessionEnded({ onBack, onLeave }: SessionEndedProps) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const { reload, signIn } = useSurroundings();
  const look = useCallback(async () => {
    if (document.visibilityState === "hidden") return;
    const { is_signed_in } = await take(api.GET("/api/auth/options"));
    if (!is_signed_in) return;
    const before = queries.getQueryData<Me>(ME)?.id;
    const me = await take(api.GET("/api/me"));
    if (before !== undefined && before !== me.id) return reload();
    queries.setQueryData(ME, me);
    onBack();
    void queries.invalidateQueries();
  }, [api, queries, reload, onBack]);
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => link.current?.focus(), []);
  useEffect(() => {
    // Whether it works this time is seen at the next look.
    const lookAgain = () => void look().catch(() => undefined);
    document.addEventListener("visibilitychange", lookAgain);
    addEventListener("focus", lookAgain);
    return () => {
      document.removeEventListener("visibilitychange", lookAgain);
      removeEventListener("focus", lookAgain);
    };
  }, [look]);
  const footer = (
    <>
      {signIn === null && <Button onClick={onBack}>{t("ended.stay")}</Button>}
      <Button onClick={onLeave}>{t("ended.leave")}</Button>
      {signIn !== null && (
        <a ref={link} {...signIn} className={buttonLook({ variant: "primary" })}>
          {t("ended.signIn")}
        </a>
      )}
    </>
  );
  const why = signIn === null ? t("ended.whyLost") : t("ended.why");
  return <Dialog open onClose={() => undefined} dismissable={false} size="small" title={t("ended.title")} description={why} footer={footer} />;
}
