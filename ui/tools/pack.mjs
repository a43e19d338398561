// After the build: packs what the server serves, once and as small as it gets, and lists it. The server embeds what
// the list names: the portal, the console and what these two load. What the desktop's window loads is copied to a
// folder of its own, which the app embeds whole.
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const SERVED = ["index.html", "console.html"];
const IN_WINDOW = ["desktop.html"];
// Less than this goes over the wire in one packet either way.
const WORTH_PACKING = 512;
const LIST = ".vite/served.txt";

const ui = new URL("../", import.meta.url).pathname;
const dist = join(ui, "dist");
const manifest = JSON.parse(await readFile(join(dist, ".vite/manifest.json"), "utf8"));

const everywhere = (await readdir(join(ui, "public"), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(join(ui, "public/").length));

/** The files that pages are made of, and all that these load in turn. */
function filesOf(pages) {
  const files = new Set([...pages, ...everywhere]);
  const visited = new Set();
  const visit = (key) => {
    if (visited.has(key)) return;
    visited.add(key);
    const { file, css = [], assets = [], imports = [], dynamicImports = [] } = manifest[key];
    for (const name of [file, ...css, ...assets]) files.add(name);
    for (const other of [...imports, ...dynamicImports]) visit(other);
  };
  pages.forEach(visit);
  return files;
}

const window = join(ui, "dist-desktop");
await rm(window, { recursive: true, force: true });
for (const name of filesOf(IN_WINDOW)) {
  await mkdir(dirname(join(window, name)), { recursive: true });
  await copyFile(join(dist, name), join(window, name));
}

const served = filesOf(SERVED);
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
