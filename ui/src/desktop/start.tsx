import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Mark } from "@/kit/mark";

import { ShellContext, type Shell } from "./shell";

/** Shows the panel around a shell. */
export function startDesktop(shell: Shell): void {
  const root = document.getElementById("root");
  if (root === null) return;
  createRoot(root).render(
    <StrictMode>
      <ShellContext.Provider value={shell}>
        <main className="first-paint">
          <Mark size={40} />
        </main>
      </ShellContext.Provider>
    </StrictMode>,
  );
}
