import assert from "node:assert/strict";
import { test } from "node:test";

import { keepFirstKey, proveByCode, sendSignIn, setUpApp, signInFirst, signOut } from "./account.mjs";
import { ask, findBarriers, findTraces, openPage, UNSET } from "./browser.mjs";
import { OWNER, PASSWORD, Site } from "./site.mjs";

const SECOND = "second@example.com";

test("a fresh site comes to its owner and a second admin by browser alone", async (t) => {
    const site = await Site.start(t);
    const page = await openPage(t, site, { refusals: [UNSET] });

    // Whatever is opened leads to where the owner is made.
    await page.goto("/console");
    await page.waitForURL("**/setup");
    await page.getByRole("heading", { name: "Set up your Waystation" }).waitFor();
    assert.deepEqual(await findBarriers(page), []);

    const token = await site.setupToken();
    await page.getByLabel("Setup token").fill(token.replace(/^./, (letter) => (letter === "0" ? "1" : "0")));
    await page.getByLabel("E-mail").fill(OWNER);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Create owner" }).click();
    await page.getByText("The setup token isn’t right or has expired.").waitFor();
    await page.getByLabel("Setup token").fill(token);
    await page.getByRole("button", { name: "Create owner" }).click();

    const key = page.getByRole("dialog", { name: "Your first API key" });
    await key.waitFor();
    // Nothing but its button closes it: a slip must not cost the key.
    await page.keyboard.press("Escape");
    await page.mouse.click(2, 2);
    assert.ok(await key.isVisible());
    assert.deepEqual(await findBarriers(page), []);
    const secret = await keepFirstKey(page);
    assert.match(secret, /^sk-/);
    await page.waitForURL("**/app");
    assert.deepEqual(await findTraces(page, secret), []);
    assert.deepEqual(await findTraces(page, token), []);
    await page.goBack();
    assert.deepEqual(await findTraces(page, secret), []);
    assert.equal((await call(site, secret)).status, 200);

    await page.goto("/app");
    await signOut(page);
    assert.equal((await ask(page, "GET", "/api/me")).status, 401);
    await sendSignIn(page, OWNER, "not the password");
    await page.getByText("The name or password isn’t right.").waitFor();
    await sendSignIn(page, OWNER);
    await page.waitForURL("**/app");
    // The first key was made before, and is never shown again.
    assert.equal(await key.count(), 0);
    assert.deepEqual(await findBarriers(page), []);

    await page.getByRole("link", { name: "Security" }).first().click();
    const { app } = await setUpApp(page);
    await page.getByText(/^On ?since /).waitFor();
    assert.deepEqual(await findBarriers(page), []);

    await page.getByRole("link", { name: "Admin console" }).click();
    await page.getByRole("link", { name: "People" }).click();
    await page.waitForURL("**/console/people");
    await page.getByRole("button", { name: "Add person" }).first().click();
    const adding = page.getByRole("dialog", { name: "Add person" });
    await adding.getByLabel("E-mail").fill(SECOND);
    await adding.getByLabel("Display name").fill("Second");
    await adding.getByLabel("How they get in").selectOption({ label: "I set a password for them" });
    await adding.getByLabel("Password", { exact: true }).fill(PASSWORD);
    assert.deepEqual(await findBarriers(page), []);
    await adding.getByRole("button", { name: "Add person" }).click();
    await page.waitForURL("**/console/people/usr_*");
    await page.getByRole("heading", { name: "Second" }).waitFor();
    assert.deepEqual(await findBarriers(page), []);

    await page.getByLabel("Role").selectOption({ label: "Admin" });
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Save changes" }).click();
    await proveByCode(page, await app.nextCode());
    await page.getByText("Changes saved").waitFor();
    await page.getByRole("alertdialog").waitFor({ state: "detached" });
    const second = page.url().split("/").at(-1);
    assert.equal((await ask(page, "GET", `/api/admin/users/${second}`)).body.role, "admin");

    await provesToBeAdmin(await openPage(t, site), page);
});

// Whoever was raised can do what an admin can, and not what an owner can.
async function provesToBeAdmin(page, ownersPage) {
    await signInFirst(page, SECOND);
    await page.getByRole("link", { name: "Admin console" }).click();
    await page.getByRole("link", { name: "People" }).click();
    await page.waitForURL("**/console/people");
    await page.getByRole("button", { name: "Add person" }).first().click();
    const adding = page.getByRole("dialog", { name: "Add person" });
    assert.deepEqual(await adding.getByLabel("Role").getByRole("option").allInnerTexts(), ["User", "Auditor", "Finance", "Operator"]);
    await adding.getByLabel("E-mail").fill("third@example.com");
    await adding.getByRole("button", { name: "Add person" }).click();
    const link = page.getByRole("dialog", { name: "Send them this link" });
    await link.getByRole("button", { name: "I have saved it" }).click();
    await page.waitForURL("**/console/people/usr_*");

    await page.getByRole("link", { name: "People" }).first().click();
    await page.getByRole("link", { name: OWNER }).click();
    await page.getByText("You can only change people whose role is below yours.").first().waitFor();
    assert.ok(await page.getByLabel("Role").isDisabled());
    assert.deepEqual(await findBarriers(page), []);

    const { id: owner } = (await ask(ownersPage, "GET", "/api/me")).body;
    const refused = [
        ["PATCH", `/api/admin/users/${owner}`, { status: "disabled" }],
        ["DELETE", `/api/admin/users/${owner}`],
        ["POST", `/api/admin/users/${owner}/reset-password`],
        ["POST", "/api/admin/users", { email: "another@example.com", role: "owner" }],
    ];
    for (const [method, path, body] of refused) {
        // Not for want of a proof.
        const { proof } = (await ask(page, "POST", "/api/auth/proof", { password: PASSWORD })).body;
        const answer = await ask(page, method, path, body, { "x-proof": proof });
        assert.deepEqual([answer.status, answer.body.error.code], [403, "forbidden"], `${method} ${path}`);
    }
    assert.equal((await ask(ownersPage, "GET", "/api/me")).status, 200);
}

function call(site, secret) {
    return fetch(`${site.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
}
