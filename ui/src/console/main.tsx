import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Services } from "@/features/services";
import { startLanguages } from "@/i18n/start";

import { paths } from "./paths";
import { router } from "./router";

const loadMessages = async (language: "zh-CN" | "en") =>
  language === "zh-CN"
    ? { shared: (await import("@/i18n/messages/shared.zh-CN")).default, console: (await import("@/i18n/messages/console.zh-CN")).default }
    : { shared: (await import("@/i18n/messages/shared.en")).default, console: (await import("@/i18n/messages/console.en")).default };

async function start() {
  // The page that comes with the HTML stays until the real one is there as a whole.
  await Promise.all([startLanguages(loadMessages), router.load()]);
  const root = document.getElementById("root");
  if (root === null) return;
  createRoot(root).render(
    <StrictMode>
      <Services onSignedOut={() => location.assign(paths.signIn(location.pathname + location.search))}>
        <RouterProvider router={router} />
      </Services>
    </StrictMode>,
  );
}

void start();
