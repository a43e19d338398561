import { describe, expect, it } from "vitest";

import consoleEn from "./messages/console.en";
import consoleZh from "./messages/console.zh-CN";
import portalEn from "./messages/portal.en";
import portalZh from "./messages/portal.zh-CN";
import appearanceEn from "./messages/appearance.en";
import appearanceZh from "./messages/appearance.zh-CN";
import panelEn from "./messages/panel.en";
import panelZh from "./messages/panel.zh-CN";
import connectionsEn from "./messages/connections.en";
import connectionsZh from "./messages/connections.zh-CN";
import deskEn from "./messages/desk.en";
import deskZh from "./messages/desk.zh-CN";
import localEn from "./messages/local.en";
import localZh from "./messages/local.zh-CN";
import machineEn from "./messages/machine.en";
import machineZh from "./messages/machine.zh-CN";
import docsEn from "./messages/docs.en";
import docsZh from "./messages/docs.zh-CN";
import homeEn from "./messages/home.en";
import homeZh from "./messages/home.zh-CN";
import keysEn from "./messages/keys.en";
import keysZh from "./messages/keys.zh-CN";
import ledgerEn from "./messages/ledger.en";
import ledgerZh from "./messages/ledger.zh-CN";
import listsEn from "./messages/lists.en";
import listsZh from "./messages/lists.zh-CN";
import modelsEn from "./messages/models.en";
import modelsZh from "./messages/models.zh-CN";
import overviewEn from "./messages/overview.en";
import overviewZh from "./messages/overview.zh-CN";
import placesEn from "./messages/places.en";
import placesZh from "./messages/places.zh-CN";
import playgroundEn from "./messages/playground.en";
import playgroundZh from "./messages/playground.zh-CN";
import relayEn from "./messages/relay.en";
import relayZh from "./messages/relay.zh-CN";
import requestsEn from "./messages/requests.en";
import requestsZh from "./messages/requests.zh-CN";
import usageEn from "./messages/usage.en";
import usageZh from "./messages/usage.zh-CN";
import channelsEn from "./messages/channels.en";
import channelsZh from "./messages/channels.zh-CN";
import catalogEn from "./messages/catalog.en";
import catalogZh from "./messages/catalog.zh-CN";
import booksEn from "./messages/books.en";
import booksZh from "./messages/books.zh-CN";
import trafficEn from "./messages/traffic.en";
import trafficZh from "./messages/traffic.zh-CN";
import figuresEn from "./messages/figures.en";
import figuresZh from "./messages/figures.zh-CN";
import siteEn from "./messages/site.en";
import siteZh from "./messages/site.zh-CN";
import rolesEn from "./messages/roles.en";
import rolesZh from "./messages/roles.zh-CN";
import sharedEn from "./messages/shared.en";
import sharedZh from "./messages/shared.zh-CN";

type Tree = { [key: string]: string | Tree };

const PAIRS: [string, Tree, Tree][] = [
  ["shared", sharedEn, sharedZh],
  ["portal", portalEn, portalZh],
  ["console", consoleEn, consoleZh],
  ["appearance", appearanceEn, appearanceZh],
  ["connections", connectionsEn, connectionsZh],
  ["desk", deskEn, deskZh],
  ["local", localEn, localZh],
  ["machine", machineEn, machineZh],
  ["panel", panelEn, panelZh],
  ["docs", docsEn, docsZh],
  ["home", homeEn, homeZh],
  ["keys", keysEn, keysZh],
  ["ledger", ledgerEn, ledgerZh],
  ["lists", listsEn, listsZh],
  ["models", modelsEn, modelsZh],
  ["overview", overviewEn, overviewZh],
  ["places", placesEn, placesZh],
  ["playground", playgroundEn, playgroundZh],
  ["relay", relayEn, relayZh],
  ["requests", requestsEn, requestsZh],
  ["roles", rolesEn, rolesZh],
  ["usage", usageEn, usageZh],
  ["site", siteEn, siteZh],
  ["figures", figuresEn, figuresZh],
  ["traffic", trafficEn, trafficZh],
  ["books", booksEn, booksZh],
  ["catalog", catalogEn, catalogZh],
  ["channels", channelsEn, channelsZh],
];

function leaves(tree: Tree, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) => (typeof value === "string" ? [[`${path}${key}`, value] as [string, string]] : leaves(value, `${path}${key}.`)));
}
const base = (key: string) => key.replace(/_(one|other)$/, "");
const names = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

describe.each(PAIRS)("the words of %s", (_, en, zh) => {
  it("are the same in both languages", () => {
    const keysOf = (tree: Tree) => [...new Set(leaves(tree).map(([key]) => base(key)))].sort();
    expect(keysOf(zh)).toEqual(keysOf(en));
  });

  it("insert the same things in both languages", () => {
    const inserted = (tree: Tree) => Object.fromEntries(leaves(tree).map(([key, text]) => [base(key), names(text)]));
    expect(inserted(zh)).toEqual(inserted(en));
  });

  it("have the plural forms that each language needs, and none is empty", () => {
    for (const [key, text] of [...leaves(en), ...leaves(zh)]) expect(text.trim(), key).not.toBe("");
    const counted = leaves(en).map(([key]) => key).filter((key) => key.endsWith("_one")).map(base);
    for (const key of counted) {
      expect(leaves(en).some(([name]) => name === `${key}_other`)).toBe(true);
      expect(leaves(zh).some(([name]) => name === `${key}_other`)).toBe(true);
    }
  });

  it("are Chinese in Chinese", () => {
    const isName = (text: string) => /^(\{\{\w+\}\}|[A-Za-z\d .…–-]+)$/.test(text);
    for (const [key, text] of leaves(zh)) expect(isName(text) || /[\u4e00-\u9fff]/.test(text), `${key}: ${text}`).toBe(true);
  });
});
