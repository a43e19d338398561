// The desktop panel in a browser, around a shell in memory: `npm run dev`, then /dev/desktop.html. No build has it.
import { createFakeShell } from "@/desktop/fake-shell";
import { startDesktop } from "@/desktop/start";

startDesktop(createFakeShell());
