// Links that other programs open, and a second start of the app: there is one app, and nothing happens by a link alone.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";

import { Machine, ended, until } from "./machine.mjs";
import { invite, openRemoteShop } from "./sites.mjs";

test("a second start hands its link over and ends", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const [first] = await machine.processes("waystation-desktop");
    assert.equal(await window.invoke("show_proposal"), null);

    assert.equal(await ended(machine.launch([await invite(shop)])), 0);
    const proposal = await until(() => window.invoke("show_proposal"), "the proposal is shown");
    assert.equal(proposal.address, shop.front.url);
    assert.ok(proposal.may_pair);
    assert.equal(proposal.expected, proposal.seen.fingerprint);
    assert.deepEqual(await machine.processes("waystation-desktop"), [first]);
    // Looking is not pairing: the code is good still.
    assert.deepEqual((await window.invoke("list_connections")).connections, []);
    assert.deepEqual(shop.front.calls, []);
    await window.invoke("refuse_pairing");
    assert.equal(await window.invoke("show_proposal"), null);

    assert.equal(await ended(machine.launch()), 0);
    assert.deepEqual(await machine.processes("waystation-desktop"), [first]);
});

test("a link that starts the app is followed once it runs", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open([await invite(shop)]);
    const proposal = await until(() => window.invoke("show_proposal"), "the proposal is shown");
    assert.equal(proposal.address, shop.front.url);
});

test("hostile links open nothing and break nothing", async (t) => {
    const machine = await Machine.start(t);
    const heard = [];
    const stranger = createServer((socket) => {
        heard.push("connected");
        socket.destroy();
    });
    await new Promise((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    t.after(() => stranger.close());
    const site = encodeURIComponent(`https://127.0.0.1:${stranger.address().port}`);
    const code = "c=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0";
    const pairings = [
        ...["", `u=${site}`, code, `u=${site}&${code}&${code}`, `u=${site}&u=${site}&${code}`, `u=${site}&${code}&x=1`, `u=${site}&${code}&`],
        ...[`u=${site}&c=`, `u=${site}&c=short`, `u=${site}&c=${"a".repeat(129)}`, `u=${site}&${code}%00`, `u=${site}&${code}%0a--hidden`],
        ...[`u=${site}&${code}&fp=x`, `u=${site}&${code}&fp=${"g".repeat(64)}`, `u=${site}&${code}&fp=${"0".repeat(3000)}`, `u=${site}%40example.com&${code}`],
        ...[`u=http%3A%2F%2Fexample.com&${code}`, `u=file%3A%2F%2F%2Fetc%2Fpasswd&${code}`, `u=javascript%3Aalert(1)&${code}`, `u=smb%3A%2F%2Fexample.com&${code}`],
        ...[`u=%&${code}`, `u=%zz&${code}`, `u=%ff%fe&${code}`, `u&${code}`, `u=${site}%3Fx&${code}`, `u=${site}%0d%0aHost%3A%20x&${code}`],
    ].map((query) => `waystation://pair?${query}`);
    const links = [
        ...pairings,
        ...["waystation:", "waystation://", "waystation:///etc/passwd", "waystation://quit", "waystation://update", "waystation://open/file", "waystation://open/requests"],
        ...["waystation://open/requests/req_..%2f..", "waystation://open/requests/usr_1", "waystation://open?url=https://example.com", "waystation://open/https://example.com"],
        ...[`waystation:pair?u=${site}&${code}`, `waystation://pair/x?u=${site}&${code}`, `waystation://pair@example.com?u=${site}&${code}`, `waystation://pair?u=${site}&${code}#x`],
        ...[`waystation://pair\\?u=${site}&${code}`, "waystation://\u0000".replace("\u0000", "\u0001"), "waystation://é", "waystation://open/\u202econnections", `waystation://${"a".repeat(100_000)}`],
        ...["file:///etc/passwd", "https://example.com/", "javascript:alert(1)", "--help", "-", "tauri://localhost/desktop.html", "waystation://<script>alert(1)</script>"],
    ];
    assert.ok(links.length >= 50, String(links.length));
    const window = await machine.open();
    const [app] = await machine.processes("waystation-desktop");
    await window.run(() => (window.stayed = true));
    for (const link of links) {
        assert.equal(await ended(machine.launch([link])), 0, link.slice(0, 80));
        assert.equal(await window.invoke("show_proposal"), null, link.slice(0, 80));
    }
    assert.deepEqual(await machine.processes("waystation-desktop"), [app]);
    assert.ok(await window.run(() => window.stayed));
    assert.deepEqual((await window.invoke("list_connections")).connections, []);
    assert.deepEqual([heard, await machine.readOpened()], [[], []]);
});
