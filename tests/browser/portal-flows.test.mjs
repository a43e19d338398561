// What people come to the portal for, with a real upstream behind it: how many presses it takes, and where the key goes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { countActivations } from "./activations.mjs";
import { ask, findTraces, openPage } from "./browser.mjs";
import { linkOf, Mailbox } from "./mailbox.mjs";
import { PEOPLE, Shop } from "./shop.mjs";
import { PASSWORD } from "./site.mjs";

const NEW = "new@example.com";
const OPEN = { WAYSTATION_AUTH_REGISTRATION: "open", WAYSTATION_AUTH_SIGN_UP_GIFT: "0.50" };
const CLIPBOARD = ["clipboard-read", "clipboard-write"];

// A page of somebody's, with what it sends and how often it is pressed. Refused calls with a key are part of some flows.
async function openWatched(t, shop, person) {
    const page = await openPage(t, shop, { permissions: CLIPBOARD });
    const activations = await countActivations(page);
    const sent = [];
    // CC Switch is no server: what it is handed is looked at where it is.
    const isSent = (request) => !request.url().startsWith("ccswitch:");
    page.on("request", (request) => isSent(request) && sent.push({ url: request.url(), body: request.postData() ?? "", headers: request.headers() }));
    if (person !== undefined) await shop.signIn(page, person);
    return { page, activations, sent };
}

const dialogOf = (page, name = "Your new key") => page.getByRole("dialog", { name });
const readSecret = async (dialog) => (await dialog.getByLabel("API key").innerText()).trim();
const readClipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

// What the dialog says of the call that was made in it.
async function readOutcome(dialog) {
    await dialog.getByText("It works").waitFor();
    const fact = (name) => dialog.locator("dt", { hasText: new RegExp(`^${name}$`) }).locator("xpath=following-sibling::dd[1]");
    await fact("Cost").getByText("$").waitFor();
    const [status, model, cost] = await Promise.all(["Status", "Model", "Cost"].map((name) => fact(name).innerText()));
    return { status, model, cost: cost.replace("$", "") };
}

// The one call that somebody was charged for, as the person's own books have it.
async function readCharge(page) {
    const { items } = (await ask(page, "GET", "/api/me/requests")).body;
    const entries = (await ask(page, "GET", "/api/me/ledger")).body.items;
    assert.equal(items.length, 1);
    const charges = entries.filter(({ cause }) => cause === items[0].id);
    assert.ok(charges.length > 0, "the call is in the books");
    return items[0];
}

// A key's secret goes nowhere but into the header of the calls that are made with it, and stays nowhere on the page.
async function assertForgotten(page, sent, secret) {
    assert.deepEqual(await findTraces(page, secret), []);
    for (const { url, body, headers } of sent) {
        const { authorization, ...rest } = headers;
        const isCall = new URL(url).pathname.startsWith("/api/v1/");
        assert.ok(isCall || authorization === undefined, `${url} carries an authorization`);
        assert.ok(![url, body, JSON.stringify(rest)].some((text) => text.includes(secret)), `${url} carries the key`);
    }
}

// Moves the focus by Tab until it is on what has this role and name.
async function tabTo(page, role, name) {
    const target = page.getByRole(role, { name, exact: true });
    await target.first().waitFor();
    for (let count = 0; count < 80; count += 1) {
        if (await target.evaluateAll((found) => found.includes(document.activeElement))) return;
        await page.keyboard.press("Tab");
    }
    assert.fail(`the ${role} “${name}” cannot be reached by Tab`);
}

async function fillRegistration(page) {
    await page.getByLabel("E-mail").fill(NEW);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
}

test("somebody new gets from signing up to a charged call in four presses", async (t) => {
    const shop = await Shop.start(t, { settings: OPEN });
    const { page, activations, sent } = await openWatched(t, shop);
    await page.goto("/register");
    await fillRegistration(page);
    const start = Date.now();
    await page.getByRole("button", { name: "Create account" }).click();
    const dialog = dialogOf(page, "Your first API key");
    await dialog.getByRole("button", { name: "Copy", exact: true }).first().click();
    await dialog.getByRole("button", { name: "Run test call" }).click();
    const outcome = await readOutcome(dialog);
    t.diagnostic(`${await activations.count()} presses, ${Date.now() - start} ms from signing up to the booked call`);
    assert.ok((await activations.count()) <= 4, String(activations));
    const secret = await readSecret(dialog);
    assert.equal(await readClipboard(page), secret);
    assert.match(secret, /^sk-/);

    const call = await readCharge(page);
    assert.equal(outcome.status, "200");
    assert.equal(outcome.model, call.model);
    assert.equal(Number(outcome.cost), Number(call.charged));
    assert.ok(Number(call.charged) > 0);
    const { balance } = (await ask(page, "GET", "/api/me")).body;
    assert.equal((Number(balance.available) + Number(call.charged)).toFixed(9), "0.500000000");
    // The number is the call's own, to be copied.
    assert.equal(await dialog.getByText(call.id.slice(-6)).count(), 1);

    await dialog.getByRole("button", { name: "I have saved it" }).click();
    await page.waitForURL("**/app");
    await page.getByRole("heading", { name: "Balance" }).waitFor();
    await assertForgotten(page, sent, secret);
});

test("where the address has to be confirmed it is four presses, too, beside the one in the mail", async (t) => {
    const mailbox = await Mailbox.start(t);
    const shop = await Shop.start(t, { settings: { ...OPEN, ...mailbox.settings } });
    const { page, activations } = await openWatched(t, shop);
    await page.goto("/register");
    await fillRegistration(page);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Check your inbox" }).waitFor();
    // As from another program.
    await page.goto("about:blank");
    await page.goto(linkOf(await mailbox.mailTo(NEW, 1)));
    await page.getByRole("heading", { name: "E-mail confirmed" }).waitFor();
    await page.getByLabel("E-mail or username").fill(NEW);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    const dialog = dialogOf(page, "Your first API key");
    await dialog.getByRole("button", { name: "Copy", exact: true }).first().click();
    await dialog.getByRole("button", { name: "Run test call" }).click();
    assert.equal((await readOutcome(dialog)).status, "200");
    assert.ok((await activations.count()) <= 4, String(activations));
});

test("whoever is new and uses no mouse gets there by the keyboard alone", async (t) => {
    const shop = await Shop.start(t, { settings: OPEN });
    const { page, activations } = await openWatched(t, shop);
    await page.goto("/register");
    await page.getByRole("button", { name: "Create account" }).waitFor();
    // The first field has the focus already.
    await page.keyboard.type(NEW);
    await tabTo(page, "textbox", "Password");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    const dialog = dialogOf(page, "Your first API key");
    await dialog.getByRole("button", { name: "Run test call" }).waitFor();
    await tabTo(page, "button", "Copy");
    await page.keyboard.press("Enter");
    await tabTo(page, "button", "Run test call");
    await page.keyboard.press("Enter");
    assert.equal((await readOutcome(dialog)).status, "200");
    assert.ok((await activations.count()) <= 4, String(activations));
    assert.equal(await readClipboard(page), await readSecret(dialog));
    await tabTo(page, "button", "I have saved it");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/app");
});

test("a key made on the overview is tried in its own dialog, and the focus goes back to where it was", async (t) => {
    const shop = await Shop.start(t);
    const { page, activations, sent } = await openWatched(t, shop, PEOPLE.user);
    await page.goto("/app");
    const create = page.getByRole("button", { name: "Create key & test" });
    await create.click();
    const dialog = dialogOf(page);
    await dialog.getByRole("button", { name: "Copy", exact: true }).first().click();
    await dialog.getByRole("button", { name: "Run test call" }).click();
    assert.equal((await readOutcome(dialog)).status, "200");
    assert.equal(await activations.count(), 3, String(activations));
    const secret = await readSecret(dialog);
    // A slip does not cost the secret.
    await page.keyboard.press("Escape");
    await page.mouse.click(5, 5);
    await dialog.getByRole("button", { name: "I have saved it" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.ok(await create.evaluate((button) => button === document.activeElement));
    await assertForgotten(page, sent, secret);
});

test("a key goes to CC Switch by four presses, out of the dialog that shows it and by no link", async (t) => {
    const shop = await Shop.start(t);
    const { page, activations, sent } = await openWatched(t, shop, PEOPLE.user);
    await page.goto("/app");
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.enable");
    const asked = new Promise((resolve) => devtools.on("Page.frameRequestedNavigation", ({ url }) => url.startsWith("ccswitch:") && resolve(url)));
    await page.getByRole("navigation").getByRole("link", { name: "API keys" }).first().click();
    await page.getByRole("button", { name: "Create key", exact: true }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("CC Switch");
    await page.getByRole("dialog").getByRole("button", { name: "Create key", exact: true }).click();
    const dialog = dialogOf(page);
    const secret = await readSecret(dialog);
    const before = await page.evaluate(() => ({ href: location.href, length: history.length }));
    await dialog.getByRole("button", { name: "Open in CC Switch" }).click();
    const link = new URL(await asked);
    assert.ok((await activations.count()) <= 4, String(activations));
    assert.equal(link.searchParams.get("apiKey"), secret);
    assert.equal(link.searchParams.get("resource"), "provider");
    assert.ok(link.searchParams.get("endpoint").startsWith(shop.url));
    assert.deepEqual(await page.evaluate(() => ({ href: location.href, length: history.length })), before);
    assert.ok(!(await page.content()).includes("ccswitch:"), "no link in the page");
    await dialog.getByRole("button", { name: "I have saved it" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.equal(await page.getByRole("button", { name: "Open in CC Switch" }).count(), 0);
    await assertForgotten(page, sent, secret);
});

test("a failed call is explained by one press from its number, and by two without", async (t) => {
    const shop = await Shop.start(t);
    await shop.upstream.fail("kimi-k2", 500);
    const failed = await shop.call(shop.key.secret, { model: "kimi-k2" });
    assert.equal(failed.status, 502);
    assert.equal(failed.body.error.request_id, failed.id);
    await shop.settled(failed.id);
    const { page, activations } = await openWatched(t, shop, PEOPLE.user);
    // The link out of the error, or out of what somebody pastes, is the one press.
    await page.goto(`/app/requests/${failed.body.error.request_id}`);
    const sheet = page.getByRole("dialog", { name: "Request" });
    await sheet.getByText("The model’s provider answered with an error.").waitFor();
    await sheet.getByText("Send the request again, or try another model.").waitFor();
    await sheet.getByText(failed.id).first().waitFor();
    await sheet.getByText("Nothing was charged.").waitFor();
    assert.equal(await activations.count(), 0);
    await page.keyboard.press("Escape");
    await page.waitForURL(/\/app\/requests(\?|$)/);

    await page.goto("/app");
    await page.getByRole("navigation").getByRole("link", { name: "Requests" }).first().click();
    await page.getByRole("row", { name: /kimi-k2/ }).click();
    await sheet.getByText("The model’s provider answered with an error.").waitFor();
    assert.ok((await activations.count()) <= 2, String(activations));
});

test("a leaked key is replaced by four presses; its time to live is the one that was chosen", async (t) => {
    const shop = await Shop.start(t);
    const { page, activations, sent } = await openWatched(t, shop, PEOPLE.user);
    await page.goto("/app");
    await page.getByRole("navigation").getByRole("link", { name: "API keys" }).first().click();
    await page.getByRole("button", { name: "Actions for Default" }).click();
    await page.getByRole("menuitem", { name: "Rotate" }).click();
    await page.getByRole("button", { name: "Rotate key" }).click();
    const dialog = dialogOf(page);
    const second = await readSecret(dialog);
    assert.ok((await activations.count()) <= 4, String(activations));
    assert.notEqual(second, shop.key.secret);
    await dialog.getByText("The old key stops working in 1 hour.").waitFor();
    // Both go on within the time.
    assert.equal((await shop.call(shop.key.secret)).status, 200);
    assert.equal((await shop.call(second)).status, 200);
    await dialog.getByRole("button", { name: "I have saved it" }).click();
    await dialog.waitFor({ state: "detached" });
    await assertForgotten(page, sent, second);

    const other = await shop.addKey(shop.people.user.id, { name: "Leaked" });
    assert.equal((await shop.call(other.secret)).status, 200);
    await page.reload();
    // By the keyboard alone, and at once.
    await tabTo(page, "button", "Actions for Leaked");
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Rotate" }).waitFor();
    while (!(await page.getByRole("menuitem", { name: "Rotate" }).evaluate((item) => item === document.activeElement))) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("alertdialog").waitFor();
    await page.getByLabel("The old key stops").press("Home");
    await tabTo(page, "button", "Rotate key");
    await page.keyboard.press("Enter");
    const third = await readSecret(dialog);
    await dialog.getByText("The old key has stopped working.").waitFor();
    assert.equal((await shop.call(other.secret)).status, 401);
    assert.equal((await shop.call(third)).status, 200);
    await tabTo(page, "button", "I have saved it");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Actions for Leaked");
    await assertForgotten(page, sent, third);
});

test("the playground forgets the key that it was given", async (t) => {
    const shop = await Shop.start(t);
    const { page, sent } = await openWatched(t, shop, PEOPLE.user);
    await page.goto("/app/playground");
    await page.getByLabel("API key").fill(shop.key.secret);
    await page.getByRole("button", { name: "Use this key" }).click();
    await page.getByLabel("Message").fill("Is anybody there?");
    await page.keyboard.press("Enter");
    await page.getByText("one two three four five").waitFor();
    await assertForgotten(page, sent, shop.key.secret);
});
