// Keeps the rooms of src/ apart: which may import from which. A room always sees itself.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

const MAY_IMPORT = {
  kit: [],
  api: [],
  i18n: [],
  features: ["kit", "api", "i18n"],
  portal: ["kit", "api", "i18n", "features"],
  console: ["kit", "api", "i18n", "features"],
  desktop: ["kit", "api", "i18n", "features", "console"],
};

const source = resolve(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "../src");
const wrong = [];

for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const room = relative(source, path).split(sep)[0];
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) continue;
  const text = readFileSync(path, "utf8");
  for (const [, name] of text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
    const target = name.startsWith("@/")
      ? name.slice(2).split("/")[0]
      : name.startsWith(".")
        ? relative(source, resolve(dirname(path), name)).split(sep)[0]
        : undefined;
    if (target === undefined || target === room || target === "styles.css") continue;
    if (!allowed.includes(target)) wrong.push(`${relative(source, path)} imports ${name}: ${room} may not see ${target}`);
  }
}

if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log("rooms: every import stays where it may go");
