// What an operator does most in the window, with real sites: each flow within the presses that it is promised to take.

import assert from "node:assert/strict";
import { test } from "node:test";

import { OWNER, PASSWORD } from "../browser/site.mjs";
import { Machine, until } from "./machine.mjs";
import { countPresses } from "./presses.mjs";
import { invite, openRemoteShop, openShop, pair } from "./sites.mjs";

const PROVIDER_KEY = "sk-provider-0123456789abcdefghij";

// A machine whose app is paired with a shop behind TLS, at one of the site's screens.
async function openPaired(t, place) {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const connection = await pair(window, shop, { name: "Main" });
    await window.press("link", place);
    await window.find("heading", place, { level: 1 });
    const presses = await countPresses(window);
    return { machine, shop, window, connection, presses };
}

async function openPalette({ machine, window }) {
    await machine.focus("Waystation");
    await machine.press("ctrl+k");
    return window.find("combobox", /^Page, e-mail/);
}

async function proveByPassword(window) {
    const dialog = await window.find("dialog", "Confirm it’s you");
    await window.fill("Password", PASSWORD, { within: dialog });
    await window.press("button", "Confirm", { within: dialog });
}

test("a site behind TLS is paired with in two presses, and known by its key", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    await window.press("link", "Connections");
    await window.find("heading", "Connections", { level: 1 });
    await machine.copy(await invite(shop));
    const presses = await countPresses(window);
    await window.press("button", "Add");
    await window.find("label", "Pairing code");
    await machine.focus("Waystation");
    await machine.press("ctrl+v");
    await window.find("dialog", "Pair with localhost?");
    const { seen } = await window.invoke("show_proposal");
    await until(async () => (await window.text()).replace(/\s/g, "").includes(seen.fingerprint), "the fingerprint is shown in full");
    await window.press("button", "It matches, pair");
    await until(async () => (await window.invoke("list_connections")).connections.length === 1, "the connection is there");
    await presses.assertWithin(t, 2);
    const [{ tls, environment, write_guard }] = (await window.invoke("list_connections")).connections;
    assert.deepEqual([tls.kind, tls.fingerprint, environment, write_guard], ["pinned_key", seen.fingerprint, "development", "open"]);
});

test("sites are switched by one chord, or by two presses, and nothing of the other is seen", async (t) => {
    const [machine, remote, near] = await Promise.all([Machine.start(t), openRemoteShop(t), openShop(t)]);
    await remote.addPerson({ email: "far@example.com" });
    await near.addPerson({ email: "near@example.com" });
    const window = await machine.open();
    const ids = [await pair(window, remote, { name: "Remote" }), await pair(window, near, { name: "Near" })];
    const presses = await countPresses(window);
    const isAt = async (number, mail, other) => {
        await until(async () => (await window.invoke("list_connections")).selected === ids[number], "the site is selected");
        await window.see(mail);
        assert.ok(!(await window.text()).includes(other));
    };
    await window.press("link", "People");
    await isAt(1, "near@example.com", "far@example.com");

    await presses.restart();
    await machine.focus("Waystation");
    const begun = performance.now();
    await machine.press("ctrl+1");
    presses.note("Ctrl-1");
    await isAt(0, "far@example.com", "near@example.com");
    t.diagnostic(`switched in ${Math.round(performance.now() - begun)} ms`);
    assert.ok(performance.now() - begun < 3_000);
    await presses.assertWithin(t, 1);

    await presses.restart();
    await window.press("button", /^Switch connection/);
    await window.press("menuitem", /Near/);
    await isAt(1, "near@example.com", "far@example.com");
    await presses.assertWithin(t, 2);

    // The tray's choice is the window's.
    await machine.chooseInTray(/^Remote/);
    await isAt(0, "far@example.com", "near@example.com");
});

test("a server is started from the tray and set up without a browser", async (t) => {
    const machine = await Machine.start(t);
    const window = await machine.open();
    const presses = await countPresses(window);
    const begun = performance.now();
    await machine.chooseInTray("Start local server");
    presses.note("Start local server");
    await machine.seeInTray("Stop local server");
    t.diagnostic(`ready after ${Math.round(performance.now() - begun)} ms`);
    assert.ok(performance.now() - begun < 5_000);
    await presses.assertWithin(t, 2);

    await window.press("link", "Local server");
    await window.find("heading", "Local server", { level: 1 });
    await window.fill("E-mail", OWNER);
    await window.fill("Password", PASSWORD);
    await window.fill("Repeat password", PASSWORD);
    await window.press("button", "Create owner and open console");
    await window.find("heading", "Overview", { level: 1 });
    assert.ok(!(await window.run(() => document.documentElement.outerHTML)).includes(PASSWORD));
});

test("a channel is added in four presses and a proof, tried before it is saved", async (t) => {
    const { shop, window, presses } = await openPaired(t, "People");
    await shop.addModel({ name: "flagship", display_name: "Flagship", price: { input_per_million: "1", output_per_million: "2" } });
    await shop.upstream.script("/models", { raw_body: JSON.stringify({ data: [{ id: "flagship" }] }) });
    // A provider that the upstream of the test stands for.
    shop.front.alter = (call, text) => {
        if (call.path !== "/api/admin/channel-presets") return text;
        const presets = JSON.parse(text);
        Object.assign(presets.items.find(({ name }) => name === "deepseek"), { base_url: shop.upstream.url, allow_private_network: true });
        return JSON.stringify(presets);
    };
    await window.press("link", "Channels");
    await window.press("button", "Add channel");
    const dialog = await window.find("dialog", "Add channel");
    await window.press("text", "DeepSeek", { within: dialog });
    await window.fill("API key", PROVIDER_KEY, { within: dialog, leave: true });
    await proveByPassword(window);
    await window.see(/flagship answered after /);
    await window.press("button", "Save & enable", { within: dialog });
    await window.see("DeepSeek is on");
    await presses.assertWithin(t, 5);
    const called = await shop.call(shop.key.secret, { model: "flagship" });
    assert.equal((await shop.settled(called.id)).channel_name, "DeepSeek");
    for (const secret of shop.front.secrets()) assert.ok(!(await window.run(() => document.documentElement.outerHTML)).includes(secret));
});

test("a balance is adjusted in three presses, and the books hold exactly that", async (t) => {
    const { machine, shop, window, presses } = await openPaired(t, "Channels");
    const person = await shop.addPerson({ email: "ann@example.com" });
    const search = await openPalette({ machine, window });
    await search.sendKeys("ann@example.com");
    await window.find("option", /ann@example\.com/);
    await machine.press("Return");
    await window.find("heading", /^ann/, { level: 1 });
    await window.press("button", "Adjust");
    const dialog = await window.find("dialog", /^Adjust the balance/);
    await window.fill("Amount in USD", "50", { within: dialog });
    await window.fill("Note", "For the outage of last night", { within: dialog });
    await window.press("button", "Credit $50.00", { within: dialog });
    await window.find("dialog", "Booked");
    await presses.assertWithin(t, 3);
    const { items } = await shop.ask("GET", `/api/admin/users/${person.id}/ledger?limit=100`);
    assert.deepEqual(items.filter(({ kind }) => kind === "adjustment").map(({ direction, amount }) => [direction, Number(amount)]), [["credit", 50]]);
    await shop.audit();
});

test("who changed a price is three presses away", async (t) => {
    const { shop, window, presses } = await openPaired(t, "People");
    await shop.ask("POST", `/api/admin/models/${shop.models["gpt-5"]}/prices`, { input_per_million: "2.5", output_per_million: "10", cache_read_per_million: "0.125" });
    await window.press("link", "Models & prices");
    await window.press("link", /GPT-5/);
    await window.press("tab", "History");
    await window.see(`Set by ${OWNER}`);
    await window.see("$1.25 → $2.50");
    await presses.assertWithin(t, 3);
});

test("changes at a guarded site wait until its name is typed, and go on then", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const person = await shop.addPerson({ email: "ann@example.com" });
    const window = await machine.open();
    const connection = await pair(window, shop, { name: "Production EU", environment: "production" });
    const key = crypto.randomUUID();
    const call = { connection, method: "POST", path: `/api/admin/users/${person.id}/adjustments`, query: [], headers: { "idempotency-key": key }, body: JSON.stringify({ direction: "credit", amount: "1", reason_code: "goodwill", note: "For the outage" }) };
    assert.equal((await window.refusal("api", { call })).code, "writes_locked");
    assert.equal((await window.refusal("open_writes", { id: connection, typed: "production eu" })).code, "writes_locked");

    await window.see("Changes are locked");
    await window.press("button", "Unlock changes");
    const dialog = await window.find("dialog", "Unlock changes at Production EU?");
    await window.fill(/^Type /, "Production EU", { within: dialog });
    await window.press("button", /^Unlock/, { within: dialog });
    await window.see(/Changes are open for \d:\d\d/);
    assert.equal((await window.invoke("api", { call })).status, 201);
    await window.press("button", "Lock now");
    await window.see("Changes are locked");
    assert.equal((await window.refusal("api", { call })).code, "writes_locked");
});

test("a site whose key has changed is shown with both keys, and paired again from there", async (t) => {
    const { machine, shop, window, connection } = await openPaired(t, "People");
    await shop.front.changeKey();
    await window.press("link", "Channels");
    await window.see("The key of Main has changed");
    const failure = await window.refusal("api", { call: { connection, method: "GET", path: "/api/me", query: [], headers: {} } });
    for (const key of [failure.key_change.expected, failure.key_change.found]) {
        await until(async () => (await window.text()).replace(/\s/g, "").includes(key), "both keys are shown");
    }
    await machine.copy(await invite(shop));
    await window.press("button", "Pair again");
    await window.find("label", "Pairing code");
    await machine.focus("Waystation");
    await machine.press("ctrl+v");
    await window.press("button", "It matches, pair");
    await window.find("heading", "Channels", { level: 1 });
    const { connections } = await window.invoke("list_connections");
    assert.deepEqual(connections.map(({ id, name }) => [id, name]), [[connection, "Main"]]);
    assert.equal((await machine.ask("secrets")).length, 1);
});

test("a link shows its proposal wherever the window is, and pairs only when somebody agrees", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    machine.launch([await invite(shop)]);
    const dialog = await window.find("dialog", "Pair with localhost?");
    assert.deepEqual((await window.invoke("list_connections")).connections, []);
    await window.press("button", "It matches, pair", { within: dialog });
    await until(async () => (await window.invoke("list_connections")).connections.length === 1, "the connection is there");
});

test("without a keyring the page offers a file under a passphrase, and uses it", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t, { keyring: "absent" }), openRemoteShop(t)]);
    const window = await machine.open();
    machine.launch([await invite(shop)]);
    await window.press("button", "It matches, pair");
    await window.see("This system has no keyring that can be used.");
    await window.press("button", "Create encrypted file");
    const file = await window.find("dialog", "Create an encrypted file");
    await window.fill("Passphrase", "wooden bridge over nineteen rivers", { within: file });
    await window.fill("Repeat passphrase", "wooden bridge over nineteen rivers", { within: file });
    await window.press("button", "Create encrypted file", { within: file });
    await window.press("button", "It matches, pair");
    await until(async () => (await window.invoke("list_connections")).connections.length === 1, "the connection is there");
    const kept = await window.run(() => [...document.querySelectorAll("input")].map((field) => field.value).join());
    assert.ok(!kept.includes("wooden"));
});
