// What opens a site lies in the keyring, or in a file under a passphrase, and nowhere else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { findTraces } from "./window.mjs";
import { findIn, findInFiles, listenToMessages, messages, spellings } from "./canary.mjs";
import { Machine, until } from "./machine.mjs";
import { callApi, invite, openRemoteShop, pair } from "./sites.mjs";

const PASSPHRASE = "wooden bridge over nineteen rivers";
const isOfKeyring = (path) => path.startsWith(".local/share/keyrings/");
// The site's own data is not below the app's home, and the bus is not written down.
const hasEnded = (machine) => until(async () => (await machine.processes("waystation-desktop")).length === 0, "the app has ended");

// What somebody does with a site for a while.
async function work(window, connection, shop) {
    for (const [method, path, more] of [
        ["GET", "/api/me"],
        ["GET", "/api/me/sessions"],
        ["GET", "/api/admin/models"],
        ["GET", "/api/admin/users"],
        ["GET", "/api/admin/audit"],
        ["GET", "/api/admin/stats/overview"],
        ["POST", `/api/admin/users/${shop.people.user.id}/adjustments`, { body: { direction: "credit", amount: "1", reason_code: "goodwill", note: "For the outage" }, headers: { "idempotency-key": crypto.randomUUID() } }],
        ["POST", "/api/auth/proof", { body: { method: "password", password: "correct horse battery" } }],
    ]) {
        await callApi(window, connection, method, path, more).catch((error) => assert.ok(error.failure, error.message));
    }
    const chart = { connection, kind: "revenue_by_day", theme: "light", width: 800, height: 400 };
    await window.invoke("draw_chart", { chart });
}

test("a token appears in no message, no file, no page and no storage of the window", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    let window = await machine.open();
    await listenToMessages(window);
    const connection = await pair(window, shop, { renew: false });
    await work(window, connection, shop);
    // A site that repeats a token in an answer does not get it into the page.
    shop.front.alter = (call, text) => (call.path === "/api/me" ? JSON.stringify({ ...JSON.parse(text), echo: call.authorization?.replace("Bearer ", "") }) : text);
    assert.equal((await window.refusal("api", { call: { connection, method: "GET", path: "/api/me", query: [], headers: {} } })).code, "unreadable_answer");
    shop.front.alter = null;

    const code = new URL((await invite(shop)).replace("waystation:", "https:")).searchParams.get("c");
    const kept = (await machine.ask("secrets")).map((text) => JSON.parse(Buffer.from(text, "base64")).refresh_token);
    assert.equal(kept.length, 1);
    // The code that was used has passed the window, as somebody pasted it; it opens nothing any more.
    const secrets = [...new Set([...shop.front.secrets(), ...kept, code])].filter((secret) => secret !== usedCode(shop));
    assert.ok(secrets.length >= 4, "tokens were seen to pass");

    const heard = await messages(window);
    assert.ok(heard.length > 30, `${heard.length} messages were heard`);
    assert.deepEqual(heard.flatMap((message) => findIn(message, secrets, message.slice(0, 60))), []);
    for (const secret of secrets) {
        for (const [how, spelled] of Object.entries(spellings(secret))) assert.deepEqual(await findTraces(window, spelled), [], how);
    }
    const searched = async (when) => {
        const { found, count } = await findInFiles(machine.home, secrets, { except: isOfKeyring });
        assert.ok(count > 5, `${count} files`);
        assert.deepEqual(found, [], when);
    };
    await searched("while the app runs");
    await window.close();
    await hasEnded(machine);
    await searched("after it has ended");

    // What is looked for is found where it is.
    const keyring = await findInFiles(machine.home, [kept[0]], { except: (path) => !isOfKeyring(path) });
    assert.deepEqual(keyring.found, [], "the keyring's own file is sealed");
    assert.equal(findIn(Buffer.from(`x${kept[0]}y`).toString("base64"), kept, "here").length > 0, true);

    // The session goes on the next day.
    window = await machine.open();
    assert.equal((await callApi(window, connection, "GET", "/api/me")).status, 200);
    await searched("the next day");
});

const usedCode = (shop) => JSON.parse(shop.front.calls.find(({ path }) => path === "/api/auth/pair").asked).code;

test("a locked keyring is said to be locked, and nothing is kept elsewhere", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    let window = await machine.open();
    const connection = await pair(window, shop);
    await window.close();
    await hasEnded(machine);
    await machine.lockKeyring();

    window = await machine.open();
    const failure = await window.refusal("api", { call: { connection, method: "GET", path: "/api/me", query: [], headers: {} } });
    assert.equal(failure.code, "secrets_locked");
    assert.equal((await window.invoke("show_secrets")).condition, "locked");
    await machine.seeInTray("* Main — keyring locked");
    // The code is not used up for a secret that could not be kept.
    await window.invoke("propose_pairing", { text: await invite(shop) });
    const approval = { draft: { name: "Again", colour: "teal", environment: "staging", write_guard: null, proxy: null }, device_name: "Desk", pin_key: false };
    const passed = shop.front.calls.length;
    assert.equal((await window.refusal("approve_pairing", { approval })).code, "secrets_locked");
    assert.deepEqual(shop.front.calls.slice(passed), []);

    await machine.unlockKeyring();
    assert.equal((await callApi(window, connection, "GET", "/api/me")).status, 200);
    await window.invoke("approve_pairing", { approval });
});

test("without a keyring that is said, and a file under a passphrase is used when somebody asks for it", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t, { keyring: "absent" }), openRemoteShop(t)]);
    let window = await machine.open();
    const before = await window.invoke("show_secrets");
    assert.deepEqual([before.place, before.condition, before.has_passphrase_file], ["keyring", "unavailable", false]);
    await window.invoke("propose_pairing", { text: await invite(shop) });
    const approval = { draft: { name: "Main", colour: "teal", environment: "staging", write_guard: null, proxy: null }, device_name: "Desk", pin_key: false };
    assert.equal((await window.refusal("approve_pairing", { approval })).code, "keyring_unavailable");
    assert.deepEqual((await window.invoke("list_connections")).connections, []);

    assert.equal((await window.refusal("create_passphrase_file", { passphrase: "short" })).code, "weak_passphrase");
    const made = await window.invoke("create_passphrase_file", { passphrase: PASSPHRASE });
    assert.deepEqual([made.place, made.condition, made.has_passphrase_file], ["passphrase_file", "ready", true]);
    const { id } = await window.invoke("approve_pairing", { approval });
    await work(window, id, shop);
    await window.close();
    await hasEnded(machine);

    window = await machine.open();
    assert.equal((await window.refusal("api", { call: { connection: id, method: "GET", path: "/api/me", query: [], headers: {} } })).code, "secrets_locked");
    assert.equal((await window.refusal("unlock_passphrase_file", { passphrase: `${PASSPHRASE}!` })).code, "wrong_passphrase");
    assert.equal((await window.invoke("unlock_passphrase_file", { passphrase: PASSPHRASE })).condition, "ready");
    assert.equal((await callApi(window, id, "GET", "/api/me")).status, 200);

    const secrets = [...shop.front.secrets().filter((secret) => secret !== usedCode(shop)), PASSPHRASE];
    const { found, count } = await findInFiles(machine.home, secrets);
    assert.ok(count > 5, `${count} files`);
    assert.deepEqual(found, []);
});

test("what opens a site is gone when its connection is removed or signed out", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const connection = await pair(window, shop);
    assert.equal((await machine.ask("secrets")).length, 1);
    await window.invoke("sign_out", { id: connection });
    assert.deepEqual(await machine.ask("secrets"), []);
    const { items } = await shop.ask("GET", "/api/me/sessions");
    assert.ok(!JSON.stringify(items).includes('"Desk"'), "the session has ended at the site as well");
    assert.equal((await window.refusal("api", { call: { connection, method: "GET", path: "/api/me", query: [], headers: {} } })).code, "not_paired");
    await pair(window, shop);
    for (const { id } of (await window.invoke("list_connections")).connections) await window.invoke("remove_connection", { id });
    assert.deepEqual(await machine.ask("secrets"), []);
});
