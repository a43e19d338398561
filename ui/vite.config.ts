import { fileURLToPath } from "node:url";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { ownProperties } from "./tools/own-properties.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const report = process.env.WAYSTATION_TEST_REPORT;

export default defineConfig({
  plugins: [react(), tailwindcss(), ownProperties()],
  resolve: { alias: { "@": here("./src") } },
  build: {
    target: ["chrome111", "safari16.4", "firefox128"],
    manifest: true,
    // Nothing is inlined: the pages' policy allows the site's own files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        portal: here("./index.html"),
        console: here("./console.html"),
        desktop: here("./desktop.html"),
      },
    },
  },
  server: { port: 5173, proxy: { "/api": "http://127.0.0.1:8790" } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
    testTimeout: 30_000,
    // A file for whoever counts tests beside those of the server.
    reporters: report === undefined ? ["default"] : ["default", ["junit", { outputFile: report }]],
  },
});
