// After the build: packs what the server serves, once and as small as it gets, and lists it. The server embeds what
// the list names: the portal, the console and what these two load. The desktop panel carries its own copy.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const PAGES = ["index.html", "console.html"];
// Less than this goes over the wire in one packet either way.
const WORTH_PACKING = 512;
const LIST = ".vite/served.txt";

const ui = new URL("../", import.meta.url).pathname;
const dist = join(ui, "dist");
const manifest = JSON.parse(await readFile(join(dist, ".vite/manifest.json"), "utf8"));

const served = new Set(PAGES);
for (const entry of await readdir(join(ui, "public"), { recursive: true, withFileTypes: true })) {
  if (entry.isFile()) served.add(join(entry.parentPath, entry.name).slice(join(ui, "public/").length));
}
const visited = new Set();
const visit = (key) => {
  if (visited.has(key)) return;
  visited.add(key);
  const { file, css = [], assets = [], imports = [], dynamicImports = [] } = manifest[key];
  for (const name of [file, ...css, ...assets]) served.add(name);
  for (const other of [...imports, ...dynamicImports]) visit(other);
};
PAGES.forEach(visit);

const packings = {
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  gz: (bytes) => promisify(gzip)(bytes, { level: 9 }),
};
let plain = 0;
let packed = 0;
await Promise.all(
  [...served].map(async (name) => {
    const bytes = await readFile(join(dist, name));
    plain += bytes.length;
    if (bytes.length < WORTH_PACKING) return;
    for (const [ending, pack] of Object.entries(packings)) {
      const small = await pack(bytes);
      if (small.length < bytes.length * 0.95) await writeFile(join(dist, `${name}.${ending}`), small);
      if (ending === "br") packed += small.length;
    }
  }),
);
await writeFile(join(dist, LIST), [...served].sort().map((name) => `${name}\n`).join(""));
const kB = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
console.log(`${served.size} files for the server: ${kB(plain)}, ${kB(packed)} with brotli`);
