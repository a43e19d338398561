// Each address that the routers know, on a site that has been in use for months: what can be said of every screen alike.

import assert from "node:assert/strict";
import { test } from "node:test";

import { findBarriers, findPaleTexts, openPage } from "./browser.mjs";
import { awaitPage, listScreens, openScreen, readRoutes, routeOf } from "./screens.mjs";
import { PEOPLE, Shop } from "./shop.mjs";
import { findHiddenColumns, findOverflow, findRawKeys, findSmallTargets } from "../../ui/dev/looks.mjs";

// The console is made for 768 px and more; whoever comes with a phone can still use it.
const WIDTHS = [1440, 768, 375, 320];

test("every screen is sound", { concurrency: 3 }, async (t) => {
    const routes = await readRoutes();
    const shop = await Shop.start(t, { named: true });
    await shop.fill({ requests: 2_000, people: 30 });
    const screens = await listScreens(shop);
    const english = { language: "en", isExamined: true };
    const chinese = { language: "zh-CN", isExamined: false };
    await Promise.all([
        t.test("every address of the routers is among the screens", () => {
            assert.ok(routes.includes("/app/requests/$id") && routes.includes("/console/people/$id"), "the routers can be read");
            const seen = new Set(Object.values(screens).flat().map(({ path }) => routeOf(routes, path)));
            assert.deepEqual(routes.filter((route) => !seen.has(route)), []);
        }),
        ...Object.entries(screens).flatMap(([person, list]) =>
            [english, chinese].map((look) => t.test(`what ${person === "stranger" ? "a" : "the"} ${person} sees is sound in ${look.language}`, (t) => lookAtAll(t, shop, person, list, look))),
        ),
    ]);
});

async function lookAtAll(t, shop, person, list, { language, isExamined }) {
    const faults = [];
    let looked = { name: "before the first" };
    const note = (text) => faults.push(`${looked.name}: ${text}`);
    const page = await openPage(t, shop, { locale: language, timezoneId: "Asia/Shanghai", reducedMotion: "reduce", viewport: { width: WIDTHS[0], height: 900 }, note });
    if (person in PEOPLE) await shop.signIn(page, PEOPLE[person]);
    for (const screen of list) {
        looked = screen;
        await page.setViewportSize({ width: WIDTHS[0], height: 900 });
        await openScreen(page, screen);
        assert.equal(await page.evaluate(() => document.documentElement.lang), language);
        for (const find of [findRawKeys, findHiddenColumns]) for (const text of await page.evaluate(find)) note(text);
        if (isExamined) await examine(page, note);
        for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            // A chart is drawn anew for its width a moment later.
            await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth, null, { timeout: 2_000 }).catch(() => {});
            const found = [...(await page.evaluate(findOverflow)), ...(await page.evaluate(findSmallTargets))];
            for (const text of found) note(`at ${width} px ${text}`);
        }
    }
    assert.deepEqual(faults, []);
}

// Colours are all that differs between the themes.
async function examine(page, note) {
    for (const text of await findBarriers(page)) note(text);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction(() => document.documentElement.classList.contains("dark"));
    await awaitPage(page);
    for (const text of await findPaleTexts(page)) note(`in the dark ${text}`);
    await page.emulateMedia({ colorScheme: "light" });
}
