// Weighs what a first visit downloads, and refuses more than the budget. Sizes are gzipped kilobytes (1,000 bytes).
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGETS = { "index.html": { js: 180, css: 20 }, "console.html": { js: 230, css: 30 }, "desktop.html": { js: 300, css: 30 } };
const LAZY_CHUNK = 60;
/** Charts come after the numbers they draw, so they may weigh more. */
const CHART_CHUNK = 120;

const dist = new URL("../dist/", import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
const weigh = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1000;
const failures = [];

for (const [entry, budget] of Object.entries(BUDGETS)) {
  const files = new Set();
  const visit = (key) => {
    const chunk = manifest[key];
    if (files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    for (const imported of chunk.imports ?? []) visit(imported);
  };
  visit(entry);
  const sum = (suffix) => [...files].filter((file) => file.endsWith(suffix)).reduce((total, file) => total + weigh(file), 0);
  const js = sum(".js");
  const css = sum(".css");
  console.log(`${entry}: ${js.toFixed(1)} kB JS, ${css.toFixed(1)} kB CSS`);
  if (js > budget.js || css > budget.css) failures.push(`${entry} is over ${budget.js} kB JS or ${budget.css} kB CSS`);
}

let whole = 0;
for (const file of readdirSync(join(dist, "assets")).filter((name) => name.endsWith(".js"))) {
  whole += weigh(join("assets", file));
}
for (const [key, chunk] of Object.entries(manifest)) {
  const most = /chart-drawing/.test(key) ? CHART_CHUNK : LAZY_CHUNK;
  if (chunk.isDynamicEntry && weigh(chunk.file) > most) failures.push(`${key} is over ${most} kB`);
}
console.log(`everything: ${whole.toFixed(1)} kB JS`);
if (failures.length > 0) {
  console.error(failures.join("\n"));
  process.exit(1);
}
