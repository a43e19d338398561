import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { paths as screens } from "@/console/paths";
import { closestLanguage } from "@/i18n/language";
import { useToast } from "@/kit/toast";

import { useConnections, useDeed, useProposal } from "./desk";
import { PairingDialog } from "./pages/pairing-dialog";
import { isPairingShown } from "./pairing-shown";
import { paths } from "./paths";
import type { createDesktopRouter } from "./router";
import { ShellFailure, useShell } from "./shell";
import { useShellWords } from "./shell-alert";
import type { LinkNews, OpenTarget, ShellLanguage } from "./shell-types";
import { useRooms } from "./window";

/** Hears what the shell tells of, and tells it what it has to know. */
export function ShellNews({ router, link }: { router: ReturnType<typeof createDesktopRouter>; link: LinkNews | null }) {
  useFollowedConnections();
  useToldLanguage();
  useOpenedPages((path) => router.history.push(path), link);
  return <Invitation onPaired={() => router.history.push(paths.site)} />;
}

function useFollowedConnections() {
  const rooms = useRooms();
  const { data } = useConnections();
  useEffect(() => {
    if (data !== undefined) rooms.follow(data);
  }, [rooms, data]);
}

/** The tray and notifications speak the language of the pages. */
function useToldLanguage() {
  const { i18n } = useTranslation();
  const told = useRef(i18n.language);
  const tell = useDeed({
    act: async (shell, language: ShellLanguage) => shell.updatePreferences({ ...(await shell.showPreferences()), language }),
    changes: ["preferences", "app"],
  });
  const { mutate } = tell;
  useEffect(() => {
    if (told.current === i18n.language) return;
    told.current = i18n.language;
    mutate(closestLanguage(i18n.language));
  }, [i18n.language, mutate]);
}

/** Links that were opened outside lead to pages here, the one among them that started the app. */
function useOpenedPages(go: (path: string) => void, first: LinkNews | null) {
  const shell = useShell();
  const toast = useToast();
  const say = useShellWords();
  const open = useEffectEvent((target: OpenTarget) => {
    if (target.page === "connections") go(paths.connections);
    if (target.page === "request") go(screens.request(target.id));
  });
  const refuse = useEffectEvent(({ code, message }: { code: string; message: string }) => toast({ tone: "danger", text: say(new ShellFailure(code, message)) }));
  const isFirstFollowed = useRef(false);
  const followFirst = useEffectEvent(() => {
    if (isFirstFollowed.current || first === null) return;
    isFirstFollowed.current = true;
    if ("page" in first) open(first.page);
    else refuse(first.failure);
  });
  useEffect(() => {
    followFirst();
    const stops = [shell.listen("open", (target) => open(target)), shell.listen("proposal-failed", (failure) => refuse(failure))];
    return () => stops.forEach((stop) => stop());
  }, [shell]);
}

/** Asks about a pairing that came by a link from outside. One that was pasted here is asked about where that was done. */
function Invitation({ onPaired }: { onPaired: () => void }) {
  const shell = useShell();
  const { data: proposal } = useProposal();
  const [isDue, setIsDue] = useState(true);
  useEffect(() => shell.listen("proposal", () => setIsDue(!isPairingShown())), [shell]);
  if (!isDue || proposal === undefined || proposal === null) return null;
  return <PairingDialog onClose={() => setIsDue(false)} onPaired={onPaired} />;
}
