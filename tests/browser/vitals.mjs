// How soon pages are there for somebody far away with a slow device, and how soon they answer a hand.
//   WAYSTATION_BIN=… WAYSTATION_MOCK_BIN=… node vitals.mjs
// Each page is opened five times by a browser that was never there: 3 Mbit/s, 40 ms to the server, a quarter of this
// processor. The numbers depend on the machine; nothing fails by them. A debug build of the server is slower.

import { chromium } from "playwright-core";

import { openScreen } from "./screens.mjs";
import { PEOPLE, Shop } from "./shop.mjs";

const RUNS = 5;
const SLOW_LINE = { offline: false, latency: 40, downloadThroughput: 3_000_000 / 8, uploadThroughput: 3_000_000 / 8 };
const SLOWER = 4;
const PAGES = [
    { path: "/", lcp: 2_500, tasks: 500 },
    { path: "/sign-in", lcp: 2_500, tasks: 500 },
    { path: "/app", person: PEOPLE.user, lcp: 2_500, tasks: 500 },
    { path: "/app/usage", person: PEOPLE.user, lcp: 2_500, tasks: 500 },
    { path: "/console", person: PEOPLE.owner, lcp: 3_000, tasks: 700 },
    { path: "/console/requests", person: PEOPLE.owner, lcp: 3_000, tasks: 700 },
];

const ends = [];
try {
    const browser = await chromium.launch({ executablePath: process.env.WAYSTATION_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
    ends.push(() => browser.close());
    const shop = await Shop.start({ after: (end) => ends.push(end) }, { named: true });
    await shop.fill();
    console.log("| page | LCP ms (bar) | usable ms | CLS (0.05) | long tasks ms (bar) |\n|---|---:|---:|---:|---:|");
    for (const page of PAGES) console.log(await describeLoad(browser, shop, page));
    console.log("\n| what is pressed | answered after ms (200) |\n|---|---:|");
    for (const line of await describePresses(browser, shop)) console.log(line);
} finally {
    for (const end of ends.reverse()) await end();
}

async function describeLoad(browser, shop, { path, person, lcp, tasks }) {
    const loads = [];
    for (let run = 0; run < RUNS; run++) {
        const { context, page } = await open(browser, shop, person);
        const devtools = await context.newCDPSession(page);
        await devtools.send("Network.enable");
        await devtools.send("Network.emulateNetworkConditions", SLOW_LINE);
        await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
        await page.addInitScript(watchLoad);
        const begun = Date.now();
        await openScreen(page, { path });
        const usable = Date.now() - begun;
        loads.push({ ...(await page.evaluate(() => window.loading)), usable });
        await context.close();
    }
    const median = (name) => loads.map((load) => load[name]).sort((a, b) => a - b)[(RUNS - 1) / 2];
    return `| ${path} | ${Math.round(median("lcp"))} (${lcp}) | ${median("usable")} | ${median("jumped").toFixed(3)} | ${Math.round(median("tasks"))} (${tasks}) |`;
}

async function describePresses(browser, shop) {

    const { context, page } = await open(browser, shop, PEOPLE.user);
    await page.addInitScript(watchPresses);
    const lines = [];
    const press = async (what, path, locator) => {
        if (path !== undefined) await openScreen(page, { path });
        await page.evaluate(() => void (window.pressed = 0));
        await locator().click();
        await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
        lines.push(`| ${what} | ${Math.round(await page.evaluate(() => window.pressed))} |`);
    };
    await press("another page", "/app", () => page.getByRole("complementary").getByRole("link", { name: "Usage" }));
    await press("usage by model", "/app/usage", () => page.getByText("By model", { exact: true }).first());
    await press("a chart's table", undefined, () => page.locator("main summary").first());
    await press("a call", "/app/requests", () => page.getByRole("main").locator("table a").first());
    await press("create a key", "/app/keys", () => page.getByRole("main").getByRole("button", { name: "Create key", exact: true }));
    await context.close();
    return lines;
}

async function open(browser, shop, person) {
    const context = await browser.newContext({ baseURL: shop.url, locale: "en", viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    if (person !== undefined) await shop.signIn(page, person);
    return { context, page };
}

// These run in the page.
function watchLoad() {
    window.loading = { lcp: 0, jumped: 0, tasks: 0 };
    const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
    watch("largest-contentful-paint", ({ startTime }) => (window.loading.lcp = startTime));
    watch("layout-shift", ({ value, hadRecentInput }) => (window.loading.jumped += hadRecentInput ? 0 : value));
    // What is less than 50 ms keeps nobody waiting.
    watch("longtask", ({ duration }) => (window.loading.tasks += duration));
}

function watchPresses() {
    window.pressed = 0;
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (window.pressed = Math.max(window.pressed, duration))));
    observer.observe({ type: "event", durationThreshold: 16 });
}
