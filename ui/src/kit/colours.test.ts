import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

const css = readFileSync("src/styles.css", "utf8");
const read = (selector: string): Record<string, string> => {
  const block = css.split(`\n${selector} {`)[1]?.split("\n}")[0] ?? "";
  return Object.fromEntries([...block.matchAll(/--ws-([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2]]));
};

function luminance(colour: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const TEXT: [string, string[]][] = [
  ["ink", ["canvas", "surface", "sunken", "hover", "accent-soft", "danger-soft", "warning-soft", "success-soft"]],
  ["muted", ["canvas", "surface", "sunken", "hover", "danger-soft"]],
  ["accent", ["canvas", "surface", "hover", "accent-soft"]],
  ["on-accent", ["accent", "accent-hover"]],
  ["on-danger", ["danger", "danger-hover"]],
  ["on-stake", ["stake"]],
  ["danger", ["surface", "hover", "danger-soft"]],
  ["warning", ["surface", "hover", "warning-soft"]],
  ["success", ["surface", "success-soft"]],
];

describe.each([":root", ".dark"])("the colours of %s", (selector) => {
  const colours = read(selector);

  it("keep 4.5:1 wherever one carries text on another", () => {
    for (const [text, grounds] of TEXT) {
      for (const ground of grounds) {
        expect(contrast(colours[text] ?? "", colours[ground] ?? ""), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it("keep 3:1 for the lines of charts", () => {
    for (const line of ["chart-1", "chart-2", "chart-3", "chart-4", "chart-5", "chart-6"]) {
      expect(contrast(colours[line] ?? "", colours.surface ?? ""), `${line} on surface`).toBeGreaterThanOrEqual(3);
    }
  });

  it("keep 3:1 for what tells connections apart", () => {
    for (const tag of ["teal", "blue", "violet", "pink", "red", "amber", "green", "grey"]) {
      for (const ground of ["surface", "canvas", "hover", "accent-soft"]) {
        expect(contrast(colours[`tag-${tag}`] ?? "", colours[ground] ?? ""), `${tag} on ${ground}`).toBeGreaterThanOrEqual(3);
      }
    }
  });

  it("keep 3:1 at the edges of controls", () => {
    for (const ground of ["surface", "canvas", "sunken"]) {
      expect(contrast(colours.edge ?? "", colours[ground] ?? ""), `edge on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  });
});
