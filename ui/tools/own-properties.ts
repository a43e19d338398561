import type { Plugin } from "vite";

/**
 * Libraries below the charts assign to properties that their prototypes inherit, such as `toString`. In the window of
 * the desktop app `Object.prototype` is frozen, and what is inherited from there cannot be assigned to: they are given
 * properties of their own.
 */
const MENDED: readonly { file: RegExp; text: string; by: string }[] = [
  { file: /\/decimal\.js-light\/decimal\.m?js$/, text: "P = {}", by: "P = { __proto__: null }" },
  {
    file: /\/d3-color\/.*\.m?js$/,
    text: "prototype.constructor = constructor;",
    by: 'Object.defineProperty(prototype, "constructor", { value: constructor, writable: true, configurable: true });',
  },
  {
    file: /\/d3-format\/.*\.m?js$/,
    text: "FormatSpecifier.prototype.toString = ",
    by: 'Object.defineProperty(FormatSpecifier.prototype, "toString", { writable: true });\nFormatSpecifier.prototype.toString = ',
  },
];

export function ownProperties(): Plugin {
  return {
    name: "own-properties",
    transform(code, id) {
      const mend = MENDED.find(({ file, text }) => file.test(id) && code.includes(text));
      return mend === undefined ? undefined : { code: code.replace(mend.text, mend.by), map: null };
    },
  };
}
