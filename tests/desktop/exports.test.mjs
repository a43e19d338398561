// Files that leave the app by the system's own dialog: streamed to the disk, whole or not there.

import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { findIn } from "./canary.mjs";
import { Machine, until } from "./machine.mjs";
import { openRemoteShop, openShop, pair } from "./sites.mjs";

// Begins what waits for a dialog; `saved` gives its answer.
const begin = (window, command, given) =>
    window.run((command, given) => void (window.saved = window.__TAURI_INTERNALS__.invoke(command, given).then((answer) => ({ answer }), (failure) => ({ failure }))), command, given);
const saved = (window) => window.wait(() => window.saved);

test("a table of CSV is saved where somebody says, and is the site's own to the byte", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    await shop.settled((await shop.call(shop.key.secret)).id);
    const window = await machine.open();
    const connection = await pair(window, shop);
    const query = [["by", "day"]];
    await begin(window, "export_file", { export: { connection, operation: "export_revenue", query }, name: "revenue 2026-11" });
    const file = await machine.saveAs("revenue.csv");
    assert.deepEqual(await saved(window), { answer: { path: join(machine.home, "revenue.csv") } });
    const passed = shop.front.calls.filter(({ path }) => path.startsWith("/api/admin/revenue/export"));
    assert.equal(passed.length, 1);
    assert.equal(file, passed[0].answered);
    assert.ok(file.startsWith("\ufeff") && file.split("\n").length > 1, file.slice(0, 80));
    assert.deepEqual(findIn(file, shop.front.secrets(), "the file"), []);
});

test("a dialog that is given up saves nothing, and what exists is replaced only when somebody agrees", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openShop(t)]);
    const window = await machine.open();
    const connection = await pair(window, shop);
    const wanted = { export: { connection, operation: "export_revenue", query: [["by", "day"]] }, name: "../../revenue" };
    const before = await readdir(machine.home);
    await begin(window, "export_file", wanted);
    await machine.focus(/^Save/);
    await machine.press("Escape");
    assert.deepEqual(await saved(window), { answer: null });
    assert.deepEqual(await readdir(machine.home), before);

    const path = join(machine.home, "revenue.csv");
    await writeFile(path, "mine");
    await begin(window, "export_file", wanted);
    await machine.focus(/^Save/);
    const open = (await machine.windows(/^/)).length;
    await machine.press("ctrl+a");
    await machine.type(path);
    await until(async () => {
        await machine.press("Return");
        await wait(300);
        return (await machine.windows(/^/)).length > open;
    }, "it is asked whether to replace the file");
    await machine.press("Escape");
    await machine.focus(/^Save/);
    await machine.press("Escape");
    assert.deepEqual(await saved(window), { answer: null });
    assert.equal(await readFile(path, "utf8"), "mine");
    await begin(window, "export_file", wanted);
    const file = await machine.saveAs("revenue.csv");
    assert.ok(file.startsWith("\ufeff"), file.slice(0, 40));
    assert.deepEqual(await saved(window), { answer: { path } });
});

test("an export that breaks off or is refused leaves no file behind", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    const connection = await pair(window, shop);
    const wanted = (operation, query = []) => ({ export: { connection, operation, query }, name: "x" });
    assert.equal((await window.refusal("export_file", wanted("list_users"))).code, "unknown_operation");
    assert.equal((await window.refusal("export_file", wanted("../etc"))).code, "unknown_operation");

    shop.front.alter = (call, text) => (call.path.startsWith("/api/admin/revenue/export") ? { status: 422, text: '{"error":{"code":"invalid_field","message":"no"}}' } : text);
    await begin(window, "export_file", wanted("export_revenue", [["by", "day"]]));
    await machine.enterFileName("refused.csv");
    assert.equal((await saved(window)).answer.refusal.status, 422);
    shop.front.alter = null;
    shop.front.weather = "cut";
    await begin(window, "export_file", wanted("export_revenue", [["by", "day"]]));
    await machine.enterFileName("broken.csv");
    assert.equal((await saved(window)).failure.code, "no_connection");
    assert.deepEqual((await readdir(machine.home)).filter((name) => /refused|broken/.test(name)), []);
});

test("connections go to another machine without what opens them", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t), openRemoteShop(t)]);
    const window = await machine.open();
    await pair(window, shop, { name: "Main", colour: "violet" });
    await begin(window, "export_connections", {});
    const file = await machine.saveAs("connections.json");
    assert.ok((await saved(window)).answer);
    assert.equal(JSON.parse(file).connections[0].name, "Main");
    assert.deepEqual(findIn(file, shop.front.secrets(), "the file"), []);

    const other = await Machine.start(t);
    await writeFile(join(other.home, "connections.json"), file);
    const there = await other.open();
    await begin(there, "preview_import", {});
    await other.chooseFile("connections.json");
    const preview = (await saved(there)).answer;
    assert.ok(JSON.stringify(preview).includes("Main"), JSON.stringify(preview));
    const { id } = JSON.parse(file).connections[0];
    await there.invoke("apply_import", { ids: [id] });
    const [entered] = (await there.invoke("list_connections")).connections;
    assert.deepEqual([entered.name, entered.colour, entered.address], ["Main", "violet", shop.front.url]);
    assert.equal((await there.refusal("api", { call: { connection: id, method: "GET", path: "/api/me", query: [], headers: {} } })).code, "not_paired");

    for (const hostile of ["", "{", "[]", '{"version":1}', '{"version":99,"connections":[]}', JSON.stringify({ ...JSON.parse(file), connections: [{ name: "x" }] })]) {
        await writeFile(join(other.home, "hostile.json"), hostile);
        await begin(there, "preview_import", {});
        await other.chooseFile("hostile.json");
        assert.equal((await saved(there)).failure?.code, "not_an_export", hostile.slice(0, 60));
    }
    await until(async () => (await there.invoke("list_connections")).connections.length === 1, "nothing was added");
});
