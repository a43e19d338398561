// The server that comes with the app: started, set up without a browser, watched, and ended with the app whatever happens.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { Machine, kill, until } from "./machine.mjs";
import { callApi } from "./sites.mjs";

const OWNER = { email: "owner@example.com", password: "correct horse battery", display_name: "Owner" };
const preferences = (machine) => join(machine.home, ".config/waystation.desktop/preferences.json");

test("a server is started and set up without a browser, and is ready in less than five seconds", async (t) => {
    const machine = await Machine.start(t);
    const window = await machine.open();
    const begun = performance.now();
    const started = await window.invoke("start_local_server");
    const ready = performance.now() - begun;
    t.diagnostic(`ready after ${Math.round(ready)} ms`);
    assert.ok(ready < 5_000, `${ready} ms`);
    assert.deepEqual([started.server.state, started.server.needs_setup], ["running", true]);

    const connection = await window.invoke("set_up_local_server", { owner: OWNER });
    const me = await callApi(window, connection, "GET", "/api/me");
    assert.equal(JSON.parse(me.body).email, OWNER.email);
    assert.equal((await window.invoke("show_local_server")).server.needs_setup, false);
    assert.ok(["is_set_up", "set_up_failed", "refused"].includes((await window.refusal("set_up_local_server", { owner: OWNER })).code));
    const log = await window.invoke("list_local_log", { from: 0 });
    assert.ok(log.length > 0);
    // Nobody else reaches it.
    assert.ok(new URL(started.server.url).hostname === "127.0.0.1");
});

test("a server that is killed is said to have failed, and starts again", async (t) => {
    const machine = await Machine.start(t);
    const window = await machine.open();
    const { server } = await window.invoke("start_local_server");
    kill(server.process);
    await machine.seeInTray("Start local server (it has failed)");
    const failed = (await window.invoke("show_local_server")).server;
    assert.deepEqual([failed.state, failed.reason], ["failed", "ended"]);
    const again = (await window.invoke("start_local_server")).server;
    assert.equal(again.state, "running");
    assert.equal(again.url, server.url, "programs find it where it was");
});

test("a server that hangs is said not to answer, and is stopped all the same", async (t) => {
    const machine = await Machine.start(t);
    const window = await machine.open();
    const { server } = await window.invoke("start_local_server");
    kill(server.process, "SIGSTOP");
    t.after(() => kill(server.process, "SIGCONT"));
    await machine.seeInTray("Stop local server (it does not answer)");
    assert.equal((await window.invoke("show_local_server")).server.state, "unhealthy");
    kill(server.process, "SIGCONT");
    await machine.seeInTray("Stop local server");
});

test("the server ends with an app that is killed", async (t) => {
    const machine = await Machine.start(t);
    const window = await machine.open();
    const { server } = await window.invoke("start_local_server");
    assert.deepEqual(await machine.processes("waystation-server"), [server.process]);
    const [app] = await machine.processes("waystation-desktop");
    kill(app);
    await until(async () => (await machine.processes("waystation-server")).length === 0, "the server has ended", 10);
    // The next start finds nothing in its way.
    const next = await machine.open();
    assert.equal((await next.invoke("start_local_server")).server.state, "running");
});

test("a port that somebody else has is not waited for", async (t) => {
    const machine = await Machine.start(t);
    const window = await machine.open();
    const first = (await window.invoke("start_local_server")).server.url;
    await window.invoke("stop_local_server");
    const holder = createServer((socket) => socket.destroy());
    await new Promise((resolve) => holder.listen(Number(new URL(first).port), "127.0.0.1", resolve));
    t.after(() => holder.close());
    const second = (await window.invoke("start_local_server")).server;
    assert.equal(second.state, "running");
    assert.notEqual(second.url, first);
    assert.equal(String(second.taken_port.port), new URL(first).port);
});

test("a server that cannot start says why", async (t) => {
    const machine = await Machine.start(t);
    const window = await machine.open();
    await window.invoke("start_local_server");
    await window.invoke("stop_local_server");
    await writeFile(join(machine.home, ".local/share/waystation.desktop/server/waystation.sqlite"), "no books at all");
    assert.equal((await window.refusal("start_local_server")).code, "server_failed");
    const { server } = await window.invoke("show_local_server");
    assert.deepEqual([server.state, server.reason], ["failed", "did_not_start"]);
    assert.ok(server.message?.length > 0, "the last of its log is told");
    assert.ok((await readFile(preferences(machine), "utf8")).includes("local_port"));
});
