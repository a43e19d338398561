import { createHashHistory, RouterProvider, type RouterHistory } from "@tanstack/react-router";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

import { writeFault } from "@/features/failure-page";
import { KitWords, SiteServicesProvider } from "@/features/services";
import { watchTyping } from "@/features/typing";
import { rememberLanguage } from "@/i18n/language";
import { startLanguages } from "@/i18n/start";
import { ClipboardProvider } from "@/kit/clipboard";
import { ToastProvider } from "@/kit/toast";

import { DeskProvider } from "./desk";
import { createOutside, OutsideProvider } from "./outside";
import { createRooms, type Reason } from "./rooms";
import { addressElsewhere, createDesktopRouter } from "./router";
import type { Shell } from "./shell";
import { ShellNews } from "./shell-news";
import type { LinkNews } from "./shell-types";
import { WindowProvider } from "./window";
import { createWriteGuards } from "./write-guards";

const loadMessages = async (language: "zh-CN" | "en") => (language === "zh-CN" ? await import("./words.zh-CN") : await import("./words.en")).default;

/** Shows the panel around a shell. */
export async function startDesktop(shell: Shell): Promise<void> {
  const link = await beginWith(shell);
  await startLanguages(loadMessages);
  const root = document.getElementById("root");
  if (root === null) return;
  // All addresses are of one file of the app's, so that beginning anew finds it.
  const history = createHashHistory();
  createRoot(root, { onCaughtError: writeFault }).render(
    <StrictMode>
      <Desktop shell={shell} history={history} link={link} />
    </StrictMode>,
  );
}

/** The tray and the pages speak one language; the shell keeps which. It tells once what a link came to that started the app. */
async function beginWith(shell: Shell): Promise<LinkNews | null> {
  try {
    const { language, link } = await shell.showApp();
    rememberLanguage(language);
    return link;
  } catch {
    // The pages are shown in the language that they had the last time.
    return null;
  }
}

/** The panel as a whole. */
export function Desktop({ shell, history, link = null }: { shell: Shell; history: RouterHistory; link?: LinkNews | null }) {
  const [{ router, outside, ...state }] = useState(() => open(shell, history));
  useEffect(watchTyping, []);
  return (
    <DeskProvider shell={shell}>
      <WindowProvider value={state}>
        <OutsideProvider value={outside}>
          <SiteServicesProvider services={outside}>
            <ClipboardProvider value={state.copy}>
              <KitWords>
                <ToastProvider>
                  <RouterProvider router={router} />
                  <ShellNews router={router} link={link} />
                </ToastProvider>
              </KitWords>
            </ClipboardProvider>
          </SiteServicesProvider>
        </OutsideProvider>
      </WindowProvider>
    </DeskProvider>
  );
}

function open(shell: Shell, history: RouterHistory) {
  const router = createDesktopRouter(history);
  const leave = async (reason: Reason) => {
    const address = addressElsewhere(router.state.location.pathname, reason);
    if (address !== null) await router.navigate({ to: address, search: {} });
  };
  const guards = createWriteGuards(shell);
  return { router, guards, rooms: createRooms({ shell, guards, leave }), outside: createOutside(), copy: shell.copyText };
}
