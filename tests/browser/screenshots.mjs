// Takes a picture of every screen of a filled site, in both languages, both themes and three widths.
//   node screenshots.mjs FOLDER [--only=own-,requests] [--language=en] [--theme=dark] [--width=375]
//   node screenshots.mjs ../../docs/pictures --readme     those few that the README shows
// The data is the same each time; the days it lies on, the ids and the upstream's port are not.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { awaitPage, listScreens, openScreen } from "./screens.mjs";
import { PEOPLE, Shop } from "./shop.mjs";

const [folder, ...words] = process.argv.slice(2);
if (!folder) throw new Error("usage: node screenshots.mjs FOLDER [--only=NAME,…] [--language=en] [--theme=dark] [--width=375]");
const chosen = Object.fromEntries(words.map((word) => word.replace(/^--/, "").split("=")));
const isWanted = (name) => chosen.only === undefined || chosen.only.split(",").some((start) => name.startsWith(start));

const DEVICES = [
    { widths: [1440, 768], height: 900, isTouched: false },
    { widths: [375], height: 800, isTouched: true },
];

// What the README shows, in a window of its own size.
const README = { width: 1200, height: 820 };
const README_PICTURES = [
    { file: "overview", person: "user", screen: "own-overview", language: "en", theme: "light" },
    { file: "request", person: "user", screen: "own-request", language: "en", theme: "light" },
    { file: "channel", person: "owner", screen: "channel-new", language: "en", theme: "light" },
    { file: "console", person: "owner", screen: "overview", language: "en", theme: "dark" },
    { file: "usage-zh", person: "user", screen: "own-usage-by-model", language: "zh-CN", theme: "light" },
];
const LONGEST_PX = 4_000;

const ends = [];
try {
    await takeAll(await chromium.launch({ executablePath: process.env.WAYSTATION_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] }));
} finally {
    for (const end of ends.reverse()) await end();
}

async function takeAll(browser) {
    ends.push(() => browser.close());
    await mkdir(folder, { recursive: true });
    const shop = await Shop.start({ after: (end) => ends.push(end) }, { named: true });
    await shop.fill();
    const screens = await listScreens(shop);
    if ("readme" in chosen) return takeForReadme(browser, shop, screens);
    let count = 0;
    for (const language of ["en", "zh-CN"].filter((each) => each === (chosen.language ?? each))) {
        for (const theme of ["light", "dark"].filter((each) => each === (chosen.theme ?? each))) {
            for (const device of DEVICES) {
                const widths = device.widths.filter((width) => width === Number(chosen.width ?? width));
                for (const [person, list] of Object.entries(widths.length === 0 ? {} : screens)) {
                    count += await takeList(browser, shop, { language, theme, person, ...device, widths }, list.filter(({ name }) => isWanted(name)));
                }
            }
        }
    }
    console.log(`${count} pictures in ${folder}`);
}

async function takeList(browser, shop, { language, theme, person, widths, height, isTouched }, list) {
    if (list.length === 0) return 0;
    const context = await browser.newContext({
        baseURL: shop.url, viewport: { width: widths[0], height }, colorScheme: theme, locale: language, timezoneId: "UTC", reducedMotion: "reduce",
        hasTouch: isTouched, isMobile: isTouched,
    });
    const page = await context.newPage();
    if (person in PEOPLE) await shop.signIn(page, PEOPLE[person]);
    for (const screen of list) {
        try {
            await page.setViewportSize({ width: widths[0], height });
            await openScreen(page, screen);
        } catch (error) {
            console.log(`${screen.name} ${language} ${theme} ${widths[0]}: ${error.message.split("\n").slice(0, 3).join(" ")}`);
        }
        for (const width of widths) {
            await page.setViewportSize({ width, height });
            await settle(page);
            // What lies over a page is no longer than the window; else the window is as long as the page, with what
            // sticks to its edges in place.
            const isCovered = (await page.locator("dialog[open], [role=menu]:visible").count()) > 0;
            const whole = await page.evaluate(() => document.documentElement.scrollHeight);
            if (!isCovered && whole > height) {
                await page.setViewportSize({ width, height: Math.min(whole, LONGEST_PX) });
                await settle(page);
            }
            await page.screenshot({ path: join(folder, `${screen.name}.${language}.${theme}.${width}.png`) });
            await page.setViewportSize({ width, height });
        }
    }
    await context.close();
    return list.length * widths.length;
}

async function takeForReadme(browser, shop, screens) {
    for (const { file, person, screen, language, theme } of README_PICTURES) {
        const context = await browser.newContext({ baseURL: shop.url, viewport: README, colorScheme: theme, locale: language, timezoneId: "UTC", reducedMotion: "reduce" });
        const page = await context.newPage();
        await shop.signIn(page, PEOPLE[person]);
        await openScreen(page, screens[person].find(({ name }) => name === screen));
        await settle(page);
        await page.screenshot({ path: join(folder, `${file}.png`) });
        await context.close();
    }
}

// What a script draws for the room it has is drawn anew in the next frames.
async function settle(page) {
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await awaitPage(page);
}
