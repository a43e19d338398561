// The tray, read and pressed over D-Bus as a panel does it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

import { Machine, ended, until } from "./machine.mjs";
import { openRemoteShop, openShop, pair } from "./sites.mjs";

test("the tray shows each connection and how it is, and switches between them", async (t) => {
    const [machine, remote, near] = await Promise.all([Machine.start(t), openRemoteShop(t), openShop(t)]);
    const window = await machine.open();
    const ids = [await pair(window, remote, { name: "Remote & far" }), await pair(window, near, { name: "Near_by" })];
    await machine.seeInTray("Remote & far — online");
    await machine.seeInTray("* Near_by — online");
    await machine.chooseInTray(/^Remote/);
    await machine.seeInTray(/^\* Remote/);
    assert.equal((await window.invoke("list_connections")).selected, ids[0]);
    assert.deepEqual((await machine.readTray()).slice(2), [
        ...["-", "Open Waystation", "Copy base URL", "-", "Start local server", "-"],
        ...["Pause notifications for 1 hour", "Save diagnostics…", "-", "Quit"],
    ]);

    await machine.chooseInTray("Copy base URL");
    const base = `${remote.front.url}/v1`;
    await until(async () => (await machine.readClipboard().catch(() => "")) === base, "the address is in the clipboard");
});

test("the tray says what became of each connection, and somebody is told once", async (t) => {
    const [machine, online, gone, moved] = await Promise.all([Machine.start(t), openShop(t), openShop(t), openRemoteShop(t)]);
    let window = await machine.open();
    await pair(window, online, { name: "Works" });
    await pair(window, gone, { name: "Gone" });
    await pair(window, moved, { name: "Moved" });
    await window.close();
    await until(async () => (await machine.processes("waystation-desktop")).length === 0, "the app has ended");

    await gone.site.stop();
    await moved.front.changeKey();
    window = await machine.open();
    for (const line of ["Works — online", "Gone — offline", "* Moved — blocked: its key has changed"]) await machine.seeInTray(line);
    const told = await until(async () => {
        const told = await machine.ask("notifications");
        return told.length >= 2 && told;
    }, "somebody is told");
    assert.equal(told.filter(({ title, body }) => `${title} ${body}`.includes("Moved")).length, 1, JSON.stringify(told));
    assert.equal(told.filter(({ title, body }) => `${title} ${body}`.includes("Works")).length, 0, JSON.stringify(told));
});

test("a channel that fails is told of once, and not at all while notifications are paused", async (t) => {
    const [machine, shop, quiet] = await Promise.all([Machine.start(t), openShop(t), openShop(t)]);
    for (const failing of [shop, quiet]) {
        await failing.upstream.fail("kimi-k2", 500, "the upstream is unwell");
        for (let call = 0; call < 8; call += 1) await failing.settled((await failing.call(failing.key.secret, { model: "kimi-k2" })).id);
    }
    const window = await machine.open();
    await pair(window, shop, { name: "Failing" });
    await machine.seeInTray("* Failing — needs attention");
    const about = async (name) => (await machine.ask("notifications")).filter(({ title, body }) => `${title} ${body}`.includes(name));
    await until(async () => (await about("Failing")).length > 0, "somebody is told of the channel");

    await machine.chooseInTray("Pause notifications for 1 hour");
    await machine.seeInTray("Resume notifications");
    await pair(window, quiet, { name: "Silent" });
    await machine.seeInTray("* Silent — needs attention");
    assert.equal((await about("Failing")).length, 1, JSON.stringify(await machine.ask("notifications")));
    assert.equal((await about("Silent")).length, 0, JSON.stringify(await machine.ask("notifications")));
});

// An hour after the last check somebody has changed a row, and a server starts.
const FORGERY = `
    UPDATE audit_log SET action = 'user.show' WHERE sequence = 1;
    UPDATE audit_outcomes SET checked_at_ms = checked_at_ms - 3600000, whole_at_ms = NULL;
    DELETE FROM job_leases;`;

test("somebody is told of an audit log that is not as it was written", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openShop(t)]);
    const statusOf = async () => Object.fromEntries((await shop.ask("GET", "/api/admin/stats/overview")).audits.map(({ kind, status }) => [kind, status]));
    await until(async () => Object.values(await statusOf()).every((status) => status === "ok"), "the site has checked itself", 30);
    const database = join(shop.site.environment.WAYSTATION_DATA_DIR, "waystation.sqlite");
    await shop.site.restart(() => execFileSync("python3", ["-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])", database, FORGERY]));
    await until(async () => (await statusOf()).audit_log === "failing", "the site has found it", 30);

    const window = await machine.open();
    await pair(window, shop, { name: "Forged" });
    await machine.seeInTray("* Forged — needs attention");
    const told = await until(async () => (await machine.ask("notifications")).find(({ title }) => title === "Forged"), "somebody is told");
    assert.match(told.body, /audit log/);
});

test("the local server is started and stopped from the tray, and ends with the app", async (t) => {
    const machine = await Machine.start(t);
    const app = machine.launch(["--hidden"]);
    await machine.chooseInTray("Start local server");
    await machine.seeInTray("Stop local server");
    const [server] = await machine.processes("waystation-server");
    await machine.chooseInTray("Copy base URL");
    const base = (await until(() => machine.readClipboard().catch(() => ""), "the address is in the clipboard")).replace(/\/v1$/, "");
    assert.equal((await fetch(`${base}/healthz`)).status, 200);

    await machine.chooseInTray("Stop local server");
    await machine.seeInTray("Start local server");
    assert.deepEqual(await machine.processes("waystation-server"), []);
    await machine.chooseInTray("Start local server");
    await machine.seeInTray("Stop local server");
    assert.notDeepEqual(await machine.processes("waystation-server"), [server]);

    await machine.chooseInTray("Quit");
    assert.equal(await ended(app), 0);
    assert.deepEqual(await machine.processes("waystation-server"), []);
});

test("notifications are paused for an hour and resumed from the tray", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openShop(t)]);
    let window = await machine.open();
    await pair(window, shop, { name: "Main" });
    await machine.chooseInTray("Pause notifications for 1 hour");
    await machine.chooseInTray("Resume notifications");
    await machine.seeInTray("Pause notifications for 1 hour");
});

test("diagnostics are saved from the tray where somebody says, with no secret in them", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    await pair(window, shop, { name: "Main" });
    await machine.chooseInTray("Save diagnostics…");
    const file = await machine.saveAs("diagnostics-of-the-test.json");
    const told = JSON.parse(file);
    assert.equal(told.connections?.length, 1, file);
    for (const secret of shop.front.secrets()) assert.ok(!file.includes(secret));
});

test("a window that is closed stays in the tray, and opens from there", async (t) => {
    const machine = await Machine.start(t);
    machine.launch();
    await machine.seeInTray("Open Waystation");
    await machine.closeWindow("Waystation");
    assert.equal((await machine.processes("waystation-desktop")).length, 1);
    await machine.chooseInTray("Open Waystation");
    await machine.focus("Waystation");
});

test("the tray speaks Chinese where the system does", async (t) => {
    const machine = await Machine.start(t, { language: "zh_CN.UTF-8" });
    machine.launch(["--hidden"]);
    await machine.seeInTray("退出");
    assert.deepEqual(await machine.readTray(), ["还没有连接", "-", "打开驿站", "-", "启动本地服务", "-", "暂停通知 1 小时", "保存诊断信息…", "-", "退出"]);
});
