// What an administrator does most, against a real site: each flow within the presses that it is promised to take.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { proveByPassword } from "./account.mjs";
import { countActivations } from "./activations.mjs";
import { ask, openPage } from "./browser.mjs";
import { PEOPLE, Shop } from "./shop.mjs";
import { OWNER } from "./site.mjs";

const PROVIDER_KEY = "sk-provider-0123456789abcdefghij";

// A page of the console, signed in as its owner, whose presses are counted.
async function openConsole(t, shop, path, options = {}) {
    const page = await openPage(t, shop.site, options);
    const activations = await countActivations(page);
    await shop.signIn(page, PEOPLE.owner);
    await page.goto(path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await activations.restart();
    return { page, activations };
}

async function assertWithin(t, activations, most) {
    const count = await activations.count();
    t.diagnostic(`${count} of ${most} activations`);
    assert.ok(count <= most, `${count} activations, ${most} are promised:\n${activations}`);
}

// Opens the palette, as soon as the page hears its keys.
async function openPalette(page) {
    const search = page.getByRole("combobox", { name: /^Page, e-mail/ });
    await page.keyboard.press("Control+k");
    await search.waitFor();
    return search;
}

// Presses Tab until the focus is on this element, as who has no mouse does.
async function tabTo(page, target) {
    for (let steps = 0; steps < 80; steps += 1) {
        if (await target.evaluate((element) => element === document.activeElement)) return;
        await page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not lead to ${target}`);
}

const adjustmentsOf = async (shop, user) => (await shop.ask("GET", `/api/admin/users/${user}/ledger?limit=100`)).items.filter(({ kind }) => kind === "adjustment");

test("a channel is added in four presses, tried before it is saved, and answers calls at once", async (t) => {
    const shop = await Shop.start(t);
    await shop.addModel({ name: "flagship", display_name: "Flagship", price: { input_per_million: "1", output_per_million: "2" } });
    await shop.upstream.script("/models", { raw_body: JSON.stringify({ data: [{ id: "flagship" }, { id: "of-no-use" }] }) });
    const { page, activations } = await openConsole(t, shop, "/console/people");
    // A provider that the upstream of the test stands for.
    await page.route("**/api/admin/channel-presets", async (route) => {
        const answer = await route.fetch();
        const presets = await answer.json();
        Object.assign(presets.items.find(({ name }) => name === "deepseek"), { base_url: shop.upstream.url, allow_private_network: true });
        await route.fulfill({ response: answer, json: presets });
    });

    await page.getByRole("link", { name: "Channels" }).click();
    await page.getByRole("button", { name: "Add channel" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Add channel" });
    await dialog.getByText("DeepSeek", { exact: true }).click();
    await dialog.getByLabel("API key").fill(PROVIDER_KEY);
    await page.keyboard.press("Tab");
    // The key goes to the provider, so whoever types it proves who they are.
    const before = await activations.count();
    await proveByPassword(page);
    const proof = (await activations.count()) - before;
    t.diagnostic(`${proof} more for the fresh proof`);
    assert.equal(proof, 1);
    await dialog.getByText(/^flagship answered after /).waitFor();
    assert.equal(await dialog.getByRole("list", { name: "Models" }).innerText(), "flagship");
    await dialog.getByRole("button", { name: "Save & enable" }).click();
    await page.getByText("DeepSeek is on").waitFor();
    await assertWithin(t, activations, 4 + proof);

    const called = await shop.call(shop.key.secret, { model: "flagship" });
    assert.equal(called.status, 200);
    const { channel_name, status } = await shop.settled(called.id);
    assert.deepEqual({ channel_name, status }, { channel_name: "DeepSeek", status: "ok" });
    assert.equal((await shop.upstream.calls()).last.headers.authorization, `Bearer ${PROVIDER_KEY}`);
    const { items } = await shop.ask("GET", "/api/admin/channels");
    assert.equal(items.length, 2, "it is saved once");
});

test("a balance is adjusted in three presses, and the books hold exactly that", async (t) => {
    const shop = await Shop.start(t);
    const person = await shop.addPerson({ email: "ann@example.com" });
    const { page, activations } = await openConsole(t, shop, "/console/channels");
    const search = await openPalette(page);
    await search.fill("ann@example.com");
    // Pressed before anything was found: it goes there when it is.
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /^ann/, level: 1 }).waitFor();
    await page.getByRole("button", { name: "Adjust", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: /^Adjust the balance/ });
    await dialog.getByLabel("Amount in USD").fill("50");
    await dialog.getByLabel("Note").fill("For the outage of last night");
    await dialog.getByRole("button", { name: "Credit $50.00" }).click();
    const done = page.getByRole("dialog", { name: "Booked" });
    await done.getByText("$0.00").waitFor();
    await assertWithin(t, activations, 3);

    const entries = await adjustmentsOf(shop, person.id);
    assert.deepEqual(entries.map(({ direction, amount }) => [direction, Number(amount)]), [["credit", 50]]);
    // The entry itself is one press away, and says why.
    await done.getByRole("link", { name: "Show in the ledger" }).click();
    await done.waitFor({ state: "detached" });
    const row = page.getByRole("row").filter({ hasText: "+$50.00" });
    await row.waitFor();
    await row.locator("[aria-current=true]:focus").waitFor();
    await shop.audit();
});

test("an adjustment that is pressed twice, or whose answer is lost, is booked once", async (t) => {
    const shop = await Shop.start(t);
    const [twice, lost] = [await shop.addPerson({ email: "twice@example.com" }), await shop.addPerson({ email: "lost@example.com" })];
    const { page } = await openConsole(t, shop, `/console/people/${twice.id}`);
    const fill = async () => {
        await page.getByRole("button", { name: "Adjust", exact: true }).click();
        const dialog = page.getByRole("dialog", { name: /^Adjust the balance/ });
        await dialog.getByLabel("Amount in USD").fill("50");
        await dialog.getByLabel("Note").fill("For the outage of last night");
        return dialog.getByRole("button", { name: "Credit $50.00" });
    };
    await (await fill()).dblclick();
    await page.getByRole("dialog", { name: "Booked" }).waitFor();
    assert.equal((await adjustmentsOf(shop, twice.id)).length, 1);

    await page.goto(`/console/people/${lost.id}`);
    const names = [];
    await page.route("**/adjustments", async (route) => {
        names.push(await route.request().headerValue("idempotency-key"));
        // The first is booked, but its answer never arrives.
        if (names.length === 1) {
            await route.fetch();
            await route.abort("connectionreset");
        } else await route.continue();
    });
    const book = await fill();
    await book.click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    assert.equal(await page.getByRole("dialog", { name: "Booked" }).count(), 0, "nothing is shown as booked before the books say so");
    await book.click();
    await page.getByRole("dialog", { name: "Booked" }).waitFor();
    assert.equal(names.length, 2);
    assert.equal(names[0], names[1]);
    const entries = await adjustmentsOf(shop, lost.id);
    assert.deepEqual(entries.map(({ direction, amount }) => [direction, Number(amount)]), [["credit", 50]]);
});

test("why a call failed is one press away by its id, and three without", async (t) => {
    const shop = await Shop.start(t);
    await shop.upstream.fail("gpt-5", 500, "the upstream is unwell");
    const { id } = await shop.call(shop.key.secret);
    await shop.settled(id);
    const { page, activations } = await openConsole(t, shop, "/console/settings");
    const sheet = page.getByRole("dialog").filter({ hasText: id });

    await (await openPalette(page)).fill(`  "request_id": "${id}"  `);
    await page.keyboard.press("Enter");
    await sheet.getByText("The model’s provider answered with an error.").first().waitFor();
    await assertWithin(t, activations, 1);

    await page.goto("/console/settings");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await activations.restart();
    await (await openPalette(page)).fill(PEOPLE.user.email);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Failed requests" }).click();
    await page.getByRole("row").filter({ hasText: "gpt-5" }).getByRole("link").first().click();
    await sheet.getByText("The model’s provider answered with an error.").first().waitFor();
    await assertWithin(t, activations, 3);
});

test("a failing channel is disabled in two presses, and undone within eight seconds", async (t) => {
    const shop = await Shop.start(t);
    await shop.upstream.fail("gpt-5", 500);
    for (let call = 0; call < 4; call += 1) await shop.settled((await shop.call(shop.key.secret)).id);
    const isActive = async () => (await shop.ask("GET", `/api/admin/channels/${shop.channel}`)).active;
    const page = await openPage(t, shop.site);
    const activations = await countActivations(page);
    await page.clock.install();
    await shop.signIn(page, PEOPLE.owner);
    await page.goto("/console/people");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await activations.restart();

    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("button", { name: "Disable Main" }).click();
    const undo = page.getByRole("status").getByRole("button", { name: "Undo" });
    await undo.waitFor();
    await assertWithin(t, activations, 2);
    assert.equal(await isActive(), false);

    // The pointer stays away from the toast, which would hold it.
    await page.mouse.move(400, 5);
    await page.clock.fastForward(7_000);
    await undo.click();
    await page.getByText("Main is on").waitFor();
    assert.equal(await isActive(), true);

    await page.getByRole("button", { name: "Disable Main" }).click();
    await undo.waitFor();
    await page.mouse.move(400, 5);
    await page.clock.fastForward(8_100);
    await undo.waitFor({ state: "detached" });
    assert.equal(await isActive(), false);
});

test("a month's revenue is a file in three presses, whose sum is the page's figure", async (t) => {
    const shop = await Shop.start(t);
    for (let call = 0; call < 5; call += 1) await shop.settled((await shop.call(shop.key.secret, { model: ["gpt-5", "kimi-k2"][call % 2] })).id);
    const { page, activations } = await openConsole(t, shop, "/console/people");
    await page.getByRole("link", { name: "Revenue" }).click();
    await page.getByText("This month", { exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
    await assertWithin(t, activations, 3);

    const text = await readFile(await download.path(), "utf8");
    const [head, ...rows] = text.replace(/^\uFEFF/, "").trim().split("\r\n").map((line) => line.split(","));
    const nano = (amount) => BigInt(amount.split(".")[0]) * 1_000_000_000n + BigInt((amount.split(".")[1] ?? "").padEnd(9, "0"));
    const sum = rows.reduce((total, row) => total + nano(row[head.indexOf("charged")]), 0n);
    const charged = (await shop.ask("GET", "/api/admin/requests?limit=100")).items.reduce((total, call) => total + nano(call.charged), 0n);
    assert.ok(sum > 0n);
    assert.equal(sum, charged, "the file says what calls were charged");
    const stat = page.getByRole("main").locator("dl > div").filter({ has: page.getByText("Paid by users", { exact: true }) });
    const figure = (await stat.locator("dd").first().innerText()).replace(/[^\d.]/g, "");
    assert.equal(nano(figure), sum, "so does the page");
});

test("who changed a price is three presses away, with what it was and what it became", async (t) => {
    const shop = await Shop.start(t);
    await shop.ask("POST", `/api/admin/models/${shop.models["gpt-5"]}/prices`, { input_per_million: "2.5", output_per_million: "10", cache_read_per_million: "0.125" });
    const { page, activations } = await openConsole(t, shop, "/console/people");
    await page.getByRole("link", { name: "Models & prices" }).click();
    await page.getByRole("link", { name: /GPT-5/ }).click();
    await page.getByRole("tab", { name: "History" }).click();
    const newest = page.getByRole("tabpanel", { name: "History" }).getByRole("listitem").first();
    await newest.getByText(`Set by ${OWNER}`).waitFor();
    assert.match(await newest.innerText(), /\$1\.25 → \$2\.50/);
    await assertWithin(t, activations, 3);
});

test("without a mouse a balance is adjusted and a failed call explained, and the focus comes back", async (t) => {
    const shop = await Shop.start(t);
    const person = await shop.addPerson({ email: "ann@example.com" });
    await shop.upstream.fail("gpt-5", 500);
    const { id } = await shop.call(shop.key.secret);
    await shop.settled(id);
    const { page, activations } = await openConsole(t, shop, "/console/channels");

    await openPalette(page);
    await page.keyboard.type("ann@example.com");
    await page.getByRole("option", { name: /ann@example\.com/ }).waitFor();
    await page.keyboard.press("Enter");
    const open = page.getByRole("button", { name: "Adjust", exact: true });
    await open.waitFor();
    await tabTo(page, open);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: /^Adjust the balance/ });
    await tabTo(page, dialog.getByLabel("Amount in USD"));
    await page.keyboard.type("50");
    await tabTo(page, dialog.getByLabel("Note"));
    await page.keyboard.type("For the outage of last night");
    await tabTo(page, dialog.getByRole("button", { name: "Credit $50.00" }));
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Booked" }).waitFor();
    await assertWithin(t, activations, 3);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.ok(await open.evaluate((element) => element === document.activeElement), "the focus is back on what opened the dialog");
    assert.equal((await adjustmentsOf(shop, person.id)).length, 1);

    await activations.restart();
    await openPalette(page);
    await page.keyboard.type(id);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("The model’s provider answered with an error.").first().waitFor();
    await assertWithin(t, activations, 1);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    // The list behind it can be walked on from where one was.
    await page.getByRole("row").filter({ hasText: "gpt-5" }).waitFor();
    assert.equal((await ask(page, "GET", `/api/admin/requests/${id}`)).status, 200);
});

test("letters lead through the console, and can be switched off for good", async (t) => {
    const shop = await Shop.start(t);
    const { page } = await openConsole(t, shop, "/console/settings");
    await page.keyboard.press("/");
    await page.locator("input[type=search]:focus").waitFor();
    // Within a field a letter is a letter.
    await page.keyboard.type("gc");
    assert.equal(await page.locator("input[type=search]").inputValue(), "gc");
    await page.locator("input[type=search]").blur();
    await page.keyboard.type("gc");
    await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
    await page.keyboard.type("gm");
    await page.getByRole("heading", { name: "Models & prices", level: 1 }).waitFor();

    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await sheet.getByRole("switch", { name: "Letter shortcuts" }).press("Space");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    await page.reload();
    await page.getByRole("heading", { name: "Models & prices", level: 1 }).waitFor();
    await page.keyboard.type("?gc");
    await page.keyboard.press("Control+k");
    // What needs no letter still works, and nothing else has happened.
    await page.getByRole("dialog", { name: "Go to" }).waitFor();
    assert.match(page.url(), /\/console\/models$/);
});
