// The portal when things are not as they should be: no session, no connection, another version, answers it does not know.

import assert from "node:assert/strict";
import { test } from "node:test";

import { sendSignIn } from "./account.mjs";
import { ENDED, findBarriers, openPage } from "./browser.mjs";
import { PEOPLE, Shop } from "./shop.mjs";

async function openSignedIn(t, shop, options) {
    const page = await openPage(t, shop, options);
    await shop.signIn(page, PEOPLE.user);
    return page;
}

// Lets the server answer, and changes what it says.
async function change(page, path, edit) {
    await page.route(
        (url) => url.pathname === path,
        async (route) => {
            const response = await route.fetch();
            const json = await response.json();
            await route.fulfill({ response, json: edit(json) ?? json });
        },
    );
}

const placeIn = (page, name) => page.getByRole("navigation").getByRole("link", { name }).first();

test("a stranger sees every public page and the way in without a refused question", async (t) => {
    const shop = await Shop.start(t, { settings: { WAYSTATION_SITE_PUBLIC_MODELS: "true" } });
    const page = await openPage(t, shop);
    for (const path of ["/", "/models", "/docs", "/sign-in", "/register", "/forgot-password", "/verify-email"]) {
        await page.goto(path);
        await page.getByRole("heading").first().waitFor();
    }
    // Also where one has to be signed in.
    await page.goto("/app/keys");
    await page.waitForURL((url) => url.pathname === "/sign-in" && url.searchParams.get("return") === "/app/keys");
    await sendSignIn(page, PEOPLE.user.email);
    await page.waitForURL("**/app/keys");
});

test("whoever’s session is over signs in and comes back to the same place", async (t) => {
    const shop = await Shop.start(t);
    const page = await openSignedIn(t, shop, { refusals: [ENDED] });
    await page.goto("/app/requests?outcome=failed");
    await page.getByText("No calls match").waitFor();
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Clear filters" }).first().click();
    await page.waitForURL((url) => url.pathname === "/sign-in");
    await sendSignIn(page, PEOPLE.user.email);
    await page.waitForURL((url) => url.pathname === "/app/requests");
    await page.getByRole("heading", { name: "Requests" }).waitFor();
});

test("what is typed outlives the session: signing in elsewhere leads back to it", async (t) => {
    const shop = await Shop.start(t);
    const page = await openSignedIn(t, shop, { refusals: [ENDED] });
    await page.goto("/app/keys");
    await page.getByRole("button", { name: "Create key", exact: true }).first().click();
    const name = page.getByLabel("Name", { exact: true });
    await name.fill("Night batch");
    await page.context().clearCookies();
    await page.getByRole("dialog").getByRole("button", { name: "Create key", exact: true }).click();
    const ended = page.getByRole("dialog", { name: "Your session has ended" });
    await ended.waitFor();
    assert.deepEqual(await findBarriers(page), []);
    const elsewhere = page.context().waitForEvent("page");
    await page.keyboard.press("Enter");
    const other = await elsewhere;
    await other.waitForURL("**/sign-in");
    await sendSignIn(other, PEOPLE.user.email);
    await other.waitForURL("**/app");
    await other.close();
    await page.evaluate(() => dispatchEvent(new Event("focus")));
    await ended.waitFor({ state: "detached" });
    assert.equal(await name.inputValue(), "Night batch");
    await page.getByRole("dialog").getByRole("button", { name: "Create key", exact: true }).click();
    await page.getByRole("dialog", { name: "Your new key" }).waitFor();
    // A secret that is shown this once is not taken away either.
    await page.context().clearCookies();
    await page.evaluate(() => dispatchEvent(new Event("visibilitychange")));
    await page.getByRole("button", { name: "Run test call" }).click();
    await ended.waitFor();
    assert.match(await page.getByLabel("API key").innerText(), /^sk-/);
    await ended.getByRole("button", { name: "Leave this page" }).click();
    await page.waitForURL((url) => url.pathname === "/sign-in" && url.searchParams.get("return") === "/app/keys");
});

test("somebody else who signs in meanwhile does not get the page that was open", async (t) => {
    const shop = await Shop.start(t);
    const page = await openSignedIn(t, shop, { refusals: [ENDED] });
    await page.goto("/app/profile");
    const name = page.getByLabel("Display name");
    await name.fill("A name that was not saved");
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Save" }).first().click();
    await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
    await shop.signIn(page, PEOPLE.auditor);
    await page.evaluate(() => dispatchEvent(new Event("focus")));
    await page.waitForFunction((email) => document.body.innerText.includes(email), PEOPLE.auditor.email);
    assert.notEqual(await name.inputValue(), "A name that was not saved");
});

test("a lost connection is told about in plain words, and what was missing comes by itself when it is back", async (t) => {
    const shop = await Shop.start(t);
    const page = await openSignedIn(t, shop);
    await page.goto("/app");
    await page.getByRole("heading", { name: "Balance" }).waitFor();
    await page.context().setOffline(true);
    await page.getByText("You’re offline. What you see may be out of date.").waitFor();
    assert.deepEqual(await findBarriers(page), []);
    // The code of a page that was not visited is not there either.
    await placeIn(page, "Ledger").click();
    await page.getByText("The server can’t be reached. Check your connection.").first().waitFor();
    await placeIn(page, "Overview").click();
    await page.getByRole("heading", { name: "Balance" }).waitFor();
    await placeIn(page, "Ledger").click();
    await page.getByText("The server can’t be reached. Check your connection.").first().waitFor();
    await page.context().setOffline(false);
    await page.getByRole("heading", { name: "Ledger" }).waitFor();
    await page.getByText("$25.00").first().waitFor();
    await page.getByText("You’re offline.", { exact: false }).waitFor({ state: "detached" });
});

test("a server that is gone for a while loses nobody’s page, and nothing is sent twice", async (t) => {
    const shop = await Shop.start(t, { named: true });
    const page = await openSignedIn(t, shop);
    await page.goto("/app/keys");
    await page.getByText("Default").first().waitFor();
    await page.getByRole("button", { name: "Create key", exact: true }).first().click();
    const name = page.getByLabel("Name", { exact: true });
    await name.fill("Night batch");
    const submit = page.getByRole("dialog").getByRole("button", { name: "Create key", exact: true });
    await shop.site.restart(async () => {
        await submit.click();
        await page.getByRole("dialog").getByText("The server can’t be reached. Check your connection.").waitFor();
        assert.equal(await name.inputValue(), "Night batch");
        await page.keyboard.press("Escape");
        await page.reload({ waitUntil: "commit" }).catch(() => undefined);
    });
    await page.goto("/app/usage");
    await page.getByRole("heading", { name: "Usage" }).waitFor();
    await shop.site.restart(async () => {
        await placeIn(page, "Requests").click();
        await page.getByText("The server can’t be reached.", { exact: false }).first().waitFor();
    });
    await page.getByRole("heading", { name: "Requests" }).waitFor();
    await page.getByText("No calls in the last 7 days").waitFor();
    await placeIn(page, "API keys").click();
    await page.getByText("Default").first().waitFor();
    // What was pressed while nobody listened was refused then, and is not made up for.
    assert.equal(await page.getByText("Night batch").count(), 0);
});

test("a page whose code is gone with an update offers to reload, and the reload shows it", async (t) => {
    const shop = await Shop.start(t);
    const page = await openSignedIn(t, shop, { refusals: ["GET /assets/ledger-page.* 404"] });
    await page.goto("/app/profile");
    await page.getByLabel("Display name").waitFor();
    const gone = (url) => /^\/assets\/ledger-page/.test(url.pathname);
    await page.route(gone, (route) => route.fulfill({ status: 404, contentType: "text/html", body: "<!doctype html><p>Not here.</p>" }));
    await placeIn(page, "Ledger").click();
    await page.getByText("There’s a new version of this site").waitFor();
    assert.deepEqual(await findBarriers(page), []);
    // The way elsewhere is still there.
    await placeIn(page, "Profile").click();
    await page.getByLabel("Display name").waitFor();
    await placeIn(page, "Ledger").click();
    await page.getByText("There’s a new version of this site").waitFor();
    await page.unroute(gone);
    await page.getByRole("button", { name: "Reload" }).click();
    await page.getByRole("heading", { name: "Ledger" }).waitFor();
});

test("a page whose own script does not come says so in the reader’s language", async (t) => {
    const shop = await Shop.start(t);
    const page = await openPage(t, shop, { locale: "zh-CN" });
    const isScript = (url) => /^\/assets\/portal-.*\.js$/.test(url.pathname);
    await page.route(isScript, (route) => route.abort("connectionrefused"));
    await page.goto("/sign-in");
    await page.getByText("页面未能加载完整，请检查网络后重试。").waitFor();
    assert.deepEqual(await findBarriers(page), []);
    await page.unroute(isScript);
    await page.getByRole("button", { name: "重试" }).click();
    await page.getByLabel("邮箱或用户名").waitFor();
});

test("a server of another version is told about; nobody is made to reload", async (t) => {
    const shop = await Shop.start(t);
    const page = await openSignedIn(t, shop);
    let version = "1.0.0";
    await change(page, "/api/site", (site) => ({ ...site, version }));
    await page.clock.install();
    await page.goto("/app/profile");
    await page.getByLabel("Display name").fill("Not saved yet");
    version = "1.1.0";
    // Longer than the page believes what it was told.
    await page.clock.fastForward("10:00");
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    await page.getByText("There’s a new version of this site").waitFor();
    assert.equal(await page.getByLabel("Display name").inputValue(), "Not saved yet");
    assert.deepEqual(await findBarriers(page), []);
});

test("words that a newer server uses are shown as they are", async (t) => {
    const shop = await Shop.start(t);
    const call = await shop.call(shop.key.secret);
    await shop.settled(call.id);
    const page = await openSignedIn(t, shop);
    const strange = { status: "paused", cause: "solar_flare", error_code: "solar_flare" };
    await change(page, "/api/me/requests", ({ items, ...more }) => ({ ...more, news: 1, items: items.map((item) => ({ ...item, ...strange })) }));
    await change(page, `/api/me/requests/${call.id}`, (details) => ({
        ...details, ...strange, usage: { ...details.usage, source: "guessed", tokens: { ...details.usage.tokens, video_input: 7 } },
        price_lines: [...details.price_lines, { kind: "video_input", tokens: 7, per_million: "1", amount: "0.000007" }],
    }));
    await change(page, "/api/me/ledger", ({ items, ...more }) => ({ ...more, items: items.map((item) => ({ ...item, kind: "dividend" })) }));
    await change(page, "/api/me/balance", ({ accounts, ...more }) => ({ ...more, accounts: [...accounts, { ...accounts[0], id: "acc_x", kind: "carrots", unit: "bunches", available: "3" }] }));
    await change(page, "/api/me/keys", ({ items, ...more }) => ({ ...more, items: items.map((item) => ({ ...item, status: "sleeping" })) }));
    await change(page, "/api/me", (me) => ({ ...me, role: "astronaut" }));
    await change(page, "/api/me/notices", () => ({ items: [{ id: "ntc_x", title: { en: "News" }, text: { en: "Of a kind of its own." }, level: "party", starts_at: null, ends_at: null, updated_at: "2026-11-21T00:00:00.000Z" }], next_cursor: null }));
    await change(page, "/api/me/sessions", ({ items, ...more }) => ({ ...more, items: items.map((item) => ({ ...item, kind: "watch", name: null, user_agent: null })) }));
    for (const [path, ...words] of [
        ["/app", "Of a kind of its own."],
        ["/app/requests", "paused"],
        [`/app/requests/${call.id}`, "paused", "The call did not succeed.", "solar_flare", "video_input"],
        ["/app/ledger", "dividend", "carrots", "3 bunches"],
        ["/app/keys", "sleeping"],
        ["/app/profile", "astronaut"],
        ["/app/sessions", "watch"],
    ]) {
        await page.goto(path);
        for (const word of words) await page.getByText(word).first().waitFor();
    }
});

const HUGE = "9007199254740993.123456789";
const SUMS = { requests: 1e12, errors: 3, input_tokens: 1e15, cache_read_tokens: 4e14, cache_write_tokens: 0, output_tokens: 2e15, reasoning_tokens: 1, cost: HUGE, charged: HUGE };

test("numbers of any size are written to the last digit and fit on the narrowest screen", async (t) => {
    const shop = await Shop.start(t);
    const page = await openSignedIn(t, shop, { viewport: { width: 320, height: 700 } });
    await change(page, "/api/me", (me) => ({ ...me, balance: { ...me.balance, available: HUGE, pending: HUGE } }));
    await change(page, "/api/me/balance", ({ accounts, ...more }) => ({ ...more, accounts: accounts.map((account) => ({ ...account, available: HUGE, pending: HUGE })) }));
    await change(page, "/api/me/ledger", ({ items, ...more }) => ({ ...more, items: items.map((item) => ({ ...item, amount: HUGE })) }));
    const model = { model: "gpt-5", ...SUMS };
    await change(page, "/api/me/usage/summary", (summary) => ({
        ...summary, total: SUMS, total_cost: HUGE, total_charged: HUGE, total_requests: 1e12, total_tokens: 3e15, models: [model], keys: [{ key_id: shop.key.id, name: "Default", preview: "sk-Ab…", ...SUMS }],
    }));
    await change(page, "/api/me/usage/series", (series) => ({ ...series, total: SUMS, points: [{ ...series.steps[0], ...model }] }));
    const exact = "$9,007,199,254,740,993.123456789";
    for (const [path, ...words] of [
        ["/app", exact],
        ["/app/ledger", exact],
        ["/app/usage", exact, "1,000,000,000,000", "3,000,000,000,000,000"],
        ["/app/keys", exact],
    ]) {
        await page.goto(path);
        for (const word of words) await page.locator("body", { hasText: word }).waitFor();
        await page.getByRole("heading").first().waitFor();
        assert.deepEqual(await findCutOff(page), [], path);
    }
});

test("names of any length, direction or markup stay names", async (t) => {
    const shop = await Shop.start(t);
    const user = shop.people.user.id;
    const names = {
        long: `${"very-long-name-".repeat(8)}.end.`,
        hebrew: "\u05DE\u05E4\u05EA\u05D7 1",
        turned: "invoice\u202Egnp.exe",
        markup: `<img src=x onerror="window.broken=1"><script>window.broken=1</script>`,
    };
    for (const name of [names.long, names.hebrew, names.markup]) await shop.addKey(user, { name });
    const model = `m${"0123456789".repeat(19)}`;
    await shop.addModel({ name: model, display_name: names.hebrew, price: { input_per_million: "1", output_per_million: "1" } });
    const page = await openSignedIn(t, shop, { viewport: { width: 320, height: 700 } });
    // The server takes no such name; one may be older than that.
    await change(page, "/api/me/keys", ({ items, ...more }) => ({ ...more, items: items.map((key) => (key.name === "Default" ? { ...key, name: names.turned } : key)) }));
    await page.goto("/app/keys");
    await page.getByText(names.markup).first().waitFor();
    assert.equal(await page.evaluate(() => window.broken), undefined);
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(await findCutOff(page), []);
    assert.deepEqual(await findTurned(page), []);
    // Within a sentence, too.
    await page.getByRole("button", { name: /^Actions for .?invoice/ }).click();
    await page.getByRole("menuitem", { name: "Revoke" }).click();
    const title = page.getByRole("alertdialog").getByRole("heading");
    assert.match(await title.innerText(), /\u2068invoice\u202Egnp\.exe\u2069/);
    assert.deepEqual(await findTurned(page), []);
    assert.deepEqual(await findCutOff(page), []);
    assert.deepEqual(await findBarriers(page), []);
    await page.goto("/app/models");
    await page.getByText(model).first().waitFor();
    assert.deepEqual(await findCutOff(page), []);
    assert.deepEqual(await findTurned(page), []);
});

// What goes beyond the page's edge.
function findCutOff(page) {
    return page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        // What is meant to be moved sideways may be wider; a table is not.
        const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX) && !element.matches(".table-room, [data-dialog-body]");
        const isScrolled = (element) => element !== null && (scrolls(element) || isScrolled(element.parentElement));
        const beyond = [...document.querySelectorAll("main *, dialog *")].filter((element) => {
            const { right, width: own } = element.getBoundingClientRect();
            const isSeen = element.checkVisibility() && own > 1 && !element.matches(".sr-only, .sr-only *") && !(element.closest("thead")?.offsetWidth <= 1);
            return isSeen && right > width + 1 && !isScrolled(element);
        });
        const page = document.documentElement.scrollWidth > width ? ["the page scrolls sideways"] : [];
        return [...page, ...beyond.map((element) => `${element.localName}: ${element.textContent.slice(0, 60)}`)];
    });
}

// Texts in Latin letters that are not written from left to right.
function findTurned(page) {
    return page.evaluate(() => {
        const found = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const placeOf = (node, at) => {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            return range.getBoundingClientRect();
        };
        while (walker.nextNode()) {
            const node = walker.currentNode;
            const text = node.data.trimEnd();
            const isTurning = /[\u0590-\u08ff]|^[^\u2068]*[\u202a-\u202e]/.test(text);
            if (text.length < 2 || isTurning || !node.parentElement.checkVisibility()) continue;
            const [first, last] = [placeOf(node, node.data.search(/\S/)), placeOf(node, text.length - 1)];
            if (first.width > 0 && last.width > 0 && Math.abs(first.top - last.top) < 2 && first.left > last.left) found.push(text);
        }
        return found;
    });
}
