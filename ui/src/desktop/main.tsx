import { Mark } from "@/kit/mark";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <main className="first-paint">
        <Mark size={40} />
      </main>
    </StrictMode>,
  );
}
