import assert from "node:assert/strict";
import { test } from "node:test";

import { keepFirstKey, proveByRecoveryCode, setUpApp, signInFirst, signOut } from "./account.mjs";
import { ask, findBarriers, findTraces, openPage } from "./browser.mjs";
import { Provider } from "./provider.mjs";
import { OWNER, Site } from "./site.mjs";

const NEW = "ann@example.org";

async function openSite(t, settings = {}) {
    const provider = await Provider.start(t);
    const site = await Site.startOwned(t, { ...provider.settings, WAYSTATION_AUTH_REGISTRATION: "open", ...settings });
    const page = await openPage(t, site, { others: [provider.origin] });
    return { provider, site, page };
}

async function continueWithProvider(page) {
    await page.goto("/sign-in");
    await page.getByRole("button", { name: "Continue with Example" }).click();
}

test("a newcomer by a provider is shown a first key once, and is the same person the next time", async (t) => {
    const { provider, page } = await openSite(t);
    await provider.name("ann", NEW);
    await continueWithProvider(page);
    await page.waitForURL("**/app");
    const secret = await keepFirstKey(page);
    assert.match(secret, /^sk-/);
    assert.deepEqual(await findTraces(page, secret), []);
    await page.reload();
    await page.getByRole("heading", { name: "Hello, " }).waitFor();
    assert.equal((await ask(page, "GET", "/api/me")).body.is_first_key_due, false);
    assert.equal((await ask(page, "POST", "/api/me/first-key")).status, 409);
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.equal((await ask(page, "GET", "/api/me/keys")).body.items.length, 1);
    const me = (await ask(page, "GET", "/api/me")).body;
    assert.deepEqual([me.email, me.role], [NEW, "user"]);
    await page.goto("/app/security");
    await page.getByRole("button", { name: "Unlink Example" }).waitFor();
    assert.deepEqual(await findBarriers(page), []);
    await signOut(page);
    await continueWithProvider(page);
    await page.waitForURL("**/app");
    assert.equal((await ask(page, "GET", "/api/me")).body.id, me.id);
    assert.equal(await page.getByRole("dialog").count(), 0);
});

test("an account is linked to a provider, asks for the second factor behind it, and is unlinked", async (t) => {
    const { provider, page } = await openSite(t);
    await provider.name("owner-there", "elsewhere@example.org");
    await signInFirst(page, OWNER);
    await page.goto("/app/security");
    const { recovery } = await setUpApp(page);
    await page.getByRole("button", { name: "Link Example" }).click();
    await proveByRecoveryCode(page, recovery[0]);
    await page.getByRole("button", { name: "Unlink Example" }).waitFor();
    assert.ok(page.url().endsWith("/app/security"), page.url());
    assert.deepEqual(await findBarriers(page), []);

    await signOut(page);
    await continueWithProvider(page);
    await page.getByRole("heading", { name: "Two-step verification" }).waitFor();
    // What the provider's way left in the address is gone from it.
    assert.ok(page.url().endsWith("/sign-in"), page.url());
    assert.equal((await ask(page, "GET", "/api/me")).status, 401);
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole("button", { name: "Use recovery code" }).click();
    await page.getByLabel("Recovery code").fill(recovery[1]);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.waitForURL("**/app");
    assert.equal((await ask(page, "GET", "/api/me")).body.email, OWNER);

    await page.goto("/app/security");
    await page.getByRole("button", { name: "Unlink Example" }).click();
    await page.getByRole("alertdialog", { name: "Unlink Example?" }).getByRole("button", { name: "Unlink" }).click();
    await proveByRecoveryCode(page, recovery[2]);
    await page.getByText("Account unlinked").waitFor();
    await page.getByText("No linked accounts").waitFor();
    await signOut(page);
    await continueWithProvider(page);
    // Unlinked, the provider's account is a stranger's.
    await page.waitForURL("**/app");
    assert.equal((await ask(page, "GET", "/api/me")).body.email, "elsewhere@example.org");
});

test("what goes wrong at a provider is told in plain words", async (t) => {
    const { provider, page } = await openSite(t);
    const told = async (script, words) => {
        await provider.script(script);
        await continueWithProvider(page);
        await page.getByRole("alert").filter({ hasText: words }).waitFor();
        assert.ok(page.url().endsWith("/sign-in"), page.url());
        assert.deepEqual(await findBarriers(page), []);
        assert.equal((await ask(page, "GET", "/api/me")).status, 401);
    };
    await told({ redirect: { code: null, error: "access_denied" } }, "Signing in was cancelled at the provider.");
    await told({ redirect: { code: null, error: "server_error" } }, "The provider refused the request.");
    await told({ forge: "none" }, "The provider’s answer couldn’t be trusted.");
    await told({ claims: { sub: "x", email: OWNER, email_verified: true } }, "An account with this e-mail already exists.");
});

test("where nobody may register, a stranger's account elsewhere opens nothing", async (t) => {
    const { provider, page } = await openSite(t, { WAYSTATION_AUTH_REGISTRATION: "closed" });
    await provider.name("ann", NEW);
    await continueWithProvider(page);
    await page.getByText("You have no account here, and this site lets nobody register this way.").waitFor();
    assert.equal((await ask(page, "GET", "/api/me")).status, 401);
});
