import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { writeFault } from "@/features/failure-page";
import { Services } from "@/features/services";
import { startLanguages } from "@/i18n/start";

import { paths } from "./paths";
import { router } from "./router";

const loadMessages = async (language: "zh-CN" | "en") => (language === "zh-CN" ? await import("./words.zh-CN") : await import("./words.en")).default;

async function start() {
  // The page that comes with the HTML stays until the real one is there as a whole.
  await Promise.all([startLanguages(loadMessages), router.load()]);
  const root = document.getElementById("root");
  if (root === null) return;
  createRoot(root, { onCaughtError: writeFault }).render(
    <StrictMode>
      <Services onSignedOut={() => location.assign(paths.signIn(location.pathname + location.search))}>
        <RouterProvider router={router} />
      </Services>
    </StrictMode>,
  );
}

// What is shown before the script says so, in words that need no fetching.
start().catch(() => dispatchEvent(new Event("waystation:unloaded")));
