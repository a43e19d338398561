// Evaluates what the desktop panel loads later where Object.prototype is frozen, as it is in the app's window: a library
// that assigns to what is inherited from there breaks here and not before somebody's eyes.
import { readFileSync } from "node:fs";

import { Window } from "happy-dom";

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const window = new Window({ url: "https://panel.invalid/desktop.html" });
for (const name of ["window", "document", "navigator", "location", "localStorage", "HTMLElement", "Element", "Node", "matchMedia", "history", "addEventListener", "CSS"]) {
  Object.defineProperty(globalThis, name, { value: name === "window" ? globalThis : window[name], configurable: true, writable: true });
}
Object.freeze(Object.prototype);

const seen = new Set();
const failures = [];
const visit = (key) => {
  if (seen.has(key)) return;
  seen.add(key);
  const { imports = [], dynamicImports = [] } = manifest[key];
  [...imports, ...dynamicImports].forEach(visit);
};
visit("desktop.html");
for (const key of seen) {
  if (key === "desktop.html" || !manifest[key].file.endsWith(".js")) continue;
  try {
    await import(new URL(manifest[key].file, dist));
  } catch (thrown) {
    failures.push(`${key}: ${thrown.message}`);
  }
}
if (failures.length > 0) {
  console.error(failures.join("\n"));
  process.exit(1);
}
console.log(`frozen: ${seen.size - 1} parts of the desktop panel can do without changing Object.prototype`);
process.exit(0);
