import assert from "node:assert/strict";
import { test } from "node:test";

import { proveByPassword, sendSignIn, signInFirst, signOut } from "./account.mjs";
import { addAuthenticator, ask, findBarriers, openPage } from "./browser.mjs";
import { OWNER, Site } from "./site.mjs";

const NAME = "Work laptop";

test("a passkey signs in alone, stands beside a password, proves afresh, and can be taken away", async (t) => {
    const site = await Site.startOwnedAndNamed(t);
    const page = await openPage(t, site);
    const authenticator = await addAuthenticator(page);
    await signInFirst(page, OWNER);
    await addPasskey(page);
    await keepCodes(page);
    await page.getByText(NAME).waitFor();
    assert.deepEqual(await findBarriers(page), []);
    const [credential] = await authenticator.credentials();
    assert.deepEqual([credential.rpId, credential.isResidentCredential], ["localhost", true]);

    // Alone: neither name nor password.
    await signOut(page);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL("**/app");
    assert.equal((await ask(page, "GET", "/api/me")).body.email, OWNER);

    // Beside the password.
    await signOut(page);
    await sendSignIn(page, OWNER);
    await page.getByRole("heading", { name: "Two-step verification" }).waitFor();
    assert.equal((await ask(page, "GET", "/api/me")).status, 401);
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole("button", { name: "Use passkey" }).click();
    await page.waitForURL("**/app");

    // As a fresh proof.
    await page.goto("/app/security");
    await page.getByRole("button", { name: "New codes" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "New codes" }).click();
    await proveByPasskey(page);
    await keepCodes(page);

    await page.getByRole("button", { name: `Actions for ${NAME}` }).click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await page.getByRole("alertdialog", { name: `Remove “${NAME}”?` }).getByRole("button", { name: "Remove" }).click();
    await proveByPasskey(page);
    await page.getByText("No passkeys yet").waitFor();
    await signOut(page);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("This passkey isn’t known here.").waitFor();
    await sendSignIn(page, OWNER);
    await page.waitForURL("**/app");
});

test("an authenticator that does not verify its user is refused, whatever the page asks of it", async (t) => {
    const site = await Site.startOwnedAndNamed(t);
    const honest = await openPage(t, site);
    await addAuthenticator(honest, { verifiesUser: false });
    await signInFirst(honest, OWNER);
    await addPasskey(honest);
    await honest.getByText("The browser stopped before the passkey was made.").waitFor();

    // A page that somebody has changed lets the authenticator off; the server does not.
    const page = await openPage(t, site);
    const simple = await addAuthenticator(page, { canVerify: false, transport: "usb" });
    await page.addInitScript(() => {
        const { create, get } = CredentialsContainer.prototype;
        CredentialsContainer.prototype.create = function (options) {
            delete options.publicKey.extensions;
            // Unverified, a browser makes none that it could use without a name.
            if (window.letOff) options.publicKey.authenticatorSelection = { userVerification: "discouraged", residentKey: "discouraged" };
            return create.call(this, options);
        };
        CredentialsContainer.prototype.get = function (options) {
            options.publicKey.userVerification = "discouraged";
            return get.call(this, options);
        };
    });
    await page.goto("/sign-in");
    await sendSignIn(page, OWNER);
    await page.waitForURL("**/app");
    const refused = page.waitForResponse("**/api/me/passkeys/finish");
    await addPasskey(page, { letsOff: true });
    assert.equal((await refused).status(), 400);
    assert.deepEqual((await ask(page, "GET", "/api/me/passkeys")).body.items, []);

    // Nor is one that was verified when it was made a second factor without.
    await simple.remove();
    const authenticator = await addAuthenticator(page, { transport: "usb" });
    await addPasskey(page);
    await keepCodes(page);
    await signOut(page);
    await authenticator.setVerified(false);
    await sendSignIn(page, OWNER);
    const unverified = page.waitForResponse("**/api/auth/second-factor");
    await page.getByRole("button", { name: "Use passkey" }).click();
    assert.equal((await unverified).status(), 401);
    await page.getByText("That isn’t right.").waitFor();
    assert.equal((await ask(page, "GET", "/api/me")).status, 401);
});

async function addPasskey(page, { letsOff = false } = {}) {
    await page.goto("/app/security");
    await page.evaluate((letsOff) => (window.letOff = letsOff), letsOff);
    await page.getByRole("button", { name: "Add passkey" }).click();
    const dialog = page.getByRole("dialog", { name: "Add a passkey" });
    await dialog.getByLabel("Name").fill(NAME);
    await dialog.getByRole("button", { name: "Continue" }).click();
    await proveByPassword(page);
}

async function keepCodes(page) {
    const codes = page.getByRole("dialog", { name: "Save your recovery codes" });
    await codes.getByRole("button", { name: "I have saved it" }).click();
    await codes.waitFor({ state: "detached" });
}

async function proveByPasskey(page) {
    const dialog = page.getByRole("dialog", { name: "Confirm it’s you" });
    await dialog.getByRole("button", { name: "Use passkey" }).click();
    await dialog.waitFor({ state: "detached" });
}
