import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import en from "@/i18n/messages/portal.en";
import zh from "@/i18n/messages/portal.zh-CN";
import sharedEn from "@/i18n/messages/shared.en";
import sharedZh from "@/i18n/messages/shared.zh-CN";

// The stylesheet is not needed here, and the test's browser would try to fetch it.
const read = (name: string) => new DOMParser().parseFromString(readFileSync(name, "utf8").replace(/<link rel="stylesheet"[^>]*>/, ""), "text/html");
const textsIn = (page: Document, language: string) => [...page.querySelectorAll(`[data-in="${language}"]`)].map((element) => element.textContent);

describe("the page before its script", () => {
  const page = read("index.html");

  it("says what the sign-in page says, in both languages", () => {
    const words = (product: string, { title, login, password, submit }: Record<"title" | "login" | "password" | "submit", string>) => [
      product, title, login, password, submit, product,
    ];
    expect(textsIn(page, "en")).toEqual(words(sharedEn.product, en.signIn));
    expect(textsIn(page, "zh-CN")).toEqual(words(sharedZh.product, zh.signIn));
  });

  it("cannot send what is typed into it anywhere", () => {
    expect(page.querySelector("form, [name]:not(meta), [formaction], button:not([type=button])")).toBeNull();
  });

  it.each(["index.html", "console.html", "desktop.html"])("%s needs no exception from the pages' policy", (name) => {
    const page = read(name);
    expect(page.querySelector("style, [style], script:not([src])")).toBeNull();
    const handlers = [...page.querySelectorAll("*")].flatMap(({ attributes }) => [...attributes]).filter((attribute) => attribute.name.startsWith("on"));
    expect(handlers).toEqual([]);
  });
});
