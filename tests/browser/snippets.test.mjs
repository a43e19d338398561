// What the pages offer to copy is run as it was copied.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

import { openPage } from "./browser.mjs";
import { cache } from "./mailbox.mjs";
import { PEOPLE, Shop } from "./shop.mjs";

const PYTHON = join(cache, "python/bin/python");
// What the upstream says.
const ANSWER = "one two three four five";

// Runs a program with a text to read and the key where the snippets look for it; gives what it prints.
async function run(program, words, text, secret) {
    const child = spawn(program, words, { env: { PATH: process.env.PATH, WAYSTATION_API_KEY: secret }, stdio: ["pipe", "pipe", "pipe"] });
    let printed = "";
    let complaint = "";
    child.stdout.on("data", (bytes) => (printed += bytes));
    child.stderr.on("data", (bytes) => (complaint += bytes));
    child.stdin.end(text);
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 0, complaint);
    return printed;
}

// Presses Copy beside a snippet and gives what is in the clipboard then.
async function copy(page, label) {
    const snippet = page.getByLabel(label, { exact: true }).first();
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await snippet.locator("xpath=following-sibling::button").click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()) !== "");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, await snippet.evaluate((element) => element.textContent));
    return copied;
}

test("every command and program of the docs works as it is copied", async (t) => {
    const shop = await Shop.start(t, { named: true });
    const { secret } = shop.key;
    const page = await openPage(t, shop, { permissions: ["clipboard-read", "clipboard-write"] });
    await shop.signIn(page, PEOPLE.user);
    const shell = (text) => run("sh", ["-s"], text, secret);
    const readAnswer = (text) => JSON.parse(text).choices[0].message.content;
    const readStream = (text) => {
        const events = text.split("\n").filter((line) => line.startsWith("data: {"));
        return events.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? "").join("");
    };

    await page.goto("/app");
    assert.equal(readAnswer(await shell(await copy(page, "As a command"))), ANSWER);

    await page.goto("/app/docs?client=curl");
    await page.getByLabel("curl chat completions", { exact: true }).waitFor();
    assert.match(await copy(page, "curl shell"), /^export WAYSTATION_API_KEY=/);
    assert.equal(readAnswer(await shell(await copy(page, "curl chat completions"))), ANSWER);
    assert.equal(readStream(await shell(await copy(page, "curl streaming"))), ANSWER);
    const models = JSON.parse(await shell(await copy(page, "curl models"))).data.map(({ id }) => id);
    assert.ok(models.includes("gpt-5"), String(models));
    assert.equal(JSON.parse(await shell(await copy(page, "curl usage"))).object, "usage");

    await page.goto("/app/docs?client=python");
    await page.getByLabel("Python chat.py", { exact: true }).waitFor();
    assert.equal(await run(PYTHON, ["-"], await copy(page, "Python chat.py"), secret), ANSWER);

    // And what a call's own page offers.
    const { id } = await shop.call(secret);
    await shop.settled(id);
    await page.goto(`/app/requests/${id}`);
    await page.getByText("Copy as curl").first().waitFor();
    assert.ok(JSON.parse(await shell(await copy(page, "Copy as curl"))).choices.length > 0);
    const { total } = await shop.upstream.calls();
    assert.equal(total, 6);
});
