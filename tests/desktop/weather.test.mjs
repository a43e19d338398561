// Sites that are gone, slow, other than expected or of another version, and invitations that are of no use.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Machine, until } from "./machine.mjs";
import { callApi, invite, openRemoteShop, openShop, pair } from "./sites.mjs";

const APPROVAL = { draft: { name: "Main", colour: "teal", environment: "staging", write_guard: null, proxy: null }, device_name: "Desk", pin_key: false };

// The failure of a call, as the page is told of it.
const failureOf = (window, connection, method = "GET", path = "/api/me") =>
    window.refusal("api", { call: { connection, method, path, query: [], headers: {} } });

test("a site whose key has changed is blocked with both keys shown, until it is paired again", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const id = await pair(window, shop);
    const kept = (await window.invoke("list_connections")).connections[0].tls;
    await shop.front.changeKey();
    const passed = shop.front.calls.length;

    const failure = await failureOf(window, id);
    assert.equal(failure.code, "key_changed");
    assert.notEqual(failure.key_change.expected, failure.key_change.found);
    assert.ok(JSON.stringify(kept).includes(failure.key_change.expected), JSON.stringify([kept, failure]));
    assert.equal(shop.front.calls.length, passed, "nothing was sent to whoever answers with another key");
    await machine.seeInTray("* Main — blocked: its key has changed");

    // An invitation that names the new key replaces the old.
    assert.equal(await pair(window, shop), id);
    assert.equal((await callApi(window, id, "GET", "/api/me")).status, 200);
});

test("an invitation by somebody who stands between is refused", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const text = await invite(shop);
    await shop.front.changeKey();
    const proposal = await window.invoke("propose_pairing", { text });
    assert.equal(proposal.may_pair, false);
    assert.notEqual(proposal.expected, proposal.seen.fingerprint);
    assert.equal((await window.refusal("approve_pairing", { approval: APPROVAL })).code, "wrong_key");
    assert.deepEqual(shop.front.calls, []);
});

test("a code that is wrong, used or expired pairs with nobody", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openShop(t)]);
    const window = await machine.open();
    const good = await invite(shop);
    const tryPairing = async (text) => {
        await window.invoke("propose_pairing", { text });
        return window.refusal("approve_pairing", { approval: APPROVAL });
    };
    const wrong = good.replace(/c=[^&]+/, (code) => `c=${code.slice(2).split("").reverse().join("")}`);
    assert.equal((await tryPairing(wrong)).code, "refused");
    await window.invoke("propose_pairing", { text: good });
    await window.invoke("approve_pairing", { approval: APPROVAL });
    assert.equal((await tryPairing(good)).code, "refused");

    const late = await invite(shop);
    await shop.site.restart(() => machine.run("python3", ["-c", EXPIRE, join(shop.site.environment.WAYSTATION_DATA_DIR, "waystation.sqlite")]));
    const failure = await tryPairing(late);
    assert.equal(failure.code, "refused");
    assert.ok(failure.message.length > 10, failure.message);
    assert.equal((await window.invoke("list_connections")).connections.length, 1);
});

const EXPIRE = `
import sqlite3, sys
books = sqlite3.connect(sys.argv[1])
assert books.execute("update pending_sign_ins set expires_at_ms = 1").rowcount > 0
books.commit()
`;

test("a site that is gone, breaks off or does not answer is said to be so, and is well again when it is back", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const id = await pair(window, shop);
    shop.front.weather = "cut";
    assert.equal((await failureOf(window, id)).code, "no_connection");
    shop.front.weather = "pass";
    assert.equal((await callApi(window, id, "GET", "/api/me")).status, 200);

    // The window answers while a site does not.
    shop.front.weather = "hang";
    await window.run((call) => {
        window.hanging = window.__TAURI_INTERNALS__.invoke("api", { call }).then(() => "answered", (failure) => (window.late = failure.code));
    }, { connection: id, method: "GET", path: "/api/me", query: [], headers: {} });
    assert.equal((await window.invoke("list_connections")).connections.length, 1);
    await until(() => window.run(() => window.late === "timed_out"), "the call is given up", 90);
    shop.front.weather = "pass";
    assert.equal((await callApi(window, id, "GET", "/api/me")).status, 200);
});

test("the answers of a newer and of an older site are shown as they are", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const id = await pair(window, shop);
    // Newer: more fields, and words that are not known yet.
    shop.front.alter = (call, text) => {
        if (!text.startsWith("{")) return text;
        const answer = JSON.parse(text);
        if (answer.failing_channels) answer.failing_channels = [{ ...answer.failing_channels[0], channel_id: "chn_1", name: "New", state: "asleep" }];
        return JSON.stringify({ ...answer, field_of_tomorrow: { word: "x" } });
    };
    const newer = await callApi(window, id, "GET", "/api/me");
    assert.equal(newer.status, 200);
    assert.ok(JSON.parse(newer.body).field_of_tomorrow);
    const chart = { connection: id, kind: "revenue_by_day", theme: "light", width: 800, height: 400 };
    assert.match(await window.invoke("draw_chart", { chart }), /^<svg/);

    // Older: what is asked for is not there.
    shop.front.alter = (call, text) => (call.path.startsWith("/api/admin/revenue") ? { status: 404, text: '{"error":{"code":"not_found","message":"no such page"}}' } : text);
    assert.equal((await callApi(window, id, "GET", "/api/admin/revenue", { query: [["by", "day"]] })).status, 404);
    const failure = await window.refusal("draw_chart", { chart });
    assert.ok(failure.code, JSON.stringify(failure));

    // Another program altogether.
    shop.front.alter = () => "<html>Welcome</html>";
    const odd = await callApi(window, id, "GET", "/api/me").catch((error) => error.failure);
    assert.ok(odd.code === "unreadable_answer" || odd.status === 200, JSON.stringify(odd));
});

test("whoever is signed out at the site has to pair again", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const id = await pair(window, shop);
    await shop.ask("POST", `/api/admin/users/${shop.people.owner.id}/sessions/revoke`).catch(() => {});
    const { items } = await shop.ask("GET", "/api/me/sessions");
    for (const session of items.filter(({ is_current, current }) => !(is_current ?? current))) await shop.ask("DELETE", `/api/me/sessions/${session.id}`).catch(() => {});
    const failure = await until(async () => {
        const said = await callApi(window, id, "GET", "/api/me").catch((error) => error.failure);
        return said.code && said;
    }, "the call is refused");
    // Whoever asks first learns that it was signed out; from then on there is nothing left that opens the site.
    assert.ok(["signed_out", "not_paired"].includes(failure.code), JSON.stringify(failure));
    await machine.seeInTray(/ — needs pairing$/);
    assert.equal(await pair(window, shop), id);
    assert.equal((await window.invoke("list_connections")).connections.length, 1);
    assert.equal((await callApi(window, id, "GET", "/api/me")).status, 200);
});

test("connections that cannot be read are put aside, and the app says so", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openShop(t)]);
    let window = await machine.open();
    await pair(window, shop);
    await window.close();
    await until(async () => (await machine.processes("waystation-desktop")).length === 0, "the app has ended");
    const file = join(machine.home, ".config/waystation.desktop/connections.json");
    const before = await readFile(file, "utf8");
    await machine.run("sh", ["-c", `printf '{"version":1,' > '${file}'`]);
    window = await machine.open();
    assert.equal((await window.invoke("show_app")).notice, "connections_damaged");
    assert.deepEqual((await window.invoke("list_connections")).connections, []);
    assert.equal(await readFile(file.replace("connections.json", "connections.damaged.json"), "utf8"), '{"version":1,');
    assert.ok(before.includes("Main"));
});
