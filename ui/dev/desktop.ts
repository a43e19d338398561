// The desktop panel in a browser, around a shell in memory: `npm run dev`, then /dev/desktop.html. No build has it. With
// `npm run stub` beside it the sites answer. In the browser's console `shell.desk` is what the shell knows, and
// `shell.tell("connections", null)` tells the panel of changes.
import { createFakeShell, type FakeSite } from "@/desktop/fake-shell";
import { LOCAL, PRODUCTION, STAGING } from "@/desktop/fake-desk";
import { startDesktop } from "@/desktop/start";
import { preferredLanguage } from "@/i18n/language";

const stub: FakeSite = async ({ method, path, query, headers, body }) => {
  const search = new URLSearchParams(query).toString();
  const answer = await fetch(search === "" ? path : `${path}?${search}`, { method, headers: { ...headers, "content-type": "application/json" }, body });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
};

const shell = createFakeShell({ sites: { [PRODUCTION.id]: stub, [STAGING.id]: stub, [LOCAL.id]: stub } });
shell.desk.app = { ...shell.desk.app, language: preferredLanguage() };
Object.assign(globalThis, { shell });
await startDesktop(shell);
