import assert from "node:assert/strict";
import { test } from "node:test";

import { keepFirstKey, sendSignIn, signInFirst } from "./account.mjs";
import { ask, ENDED, findBarriers, openPage } from "./browser.mjs";
import { OWNER, PASSWORD, Site } from "./site.mjs";

test("what is typed before the page's script is there signs in", async (t) => {
    const site = await Site.startOwned(t);
    const page = await openPage(t, site);
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route("**/assets/*.js", async (route) => {
        await held;
        await route.continue();
    });
    await page.goto("/sign-in", { waitUntil: "commit" });
    await page.getByLabel("E-mail or username").fill(OWNER);
    await page.getByLabel("Password").fill(PASSWORD);
    assert.ok(!page.url().includes(PASSWORD.slice(0, 4)));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    release();
    await keepFirstKey(page);
    await page.waitForURL("**/app");
});

test("signing in leads back to the page that was asked for, and never to another site", async (t) => {
    const site = await Site.startOwned(t);
    const page = await openPage(t, site, { refusals: [ENDED] });
    await page.goto("/console/people?role=admin");
    await page.waitForURL("**/sign-in?return=*");
    await sendSignIn(page, OWNER);
    await keepFirstKey(page);
    await page.waitForURL("**/console/people?role=admin");
    await page.getByText("Nobody matches these filters").waitFor();
    for (const target of ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/%09/evil.example"]) {
        await page.context().clearCookies();
        await page.goto(`/sign-in?return=${encodeURIComponent(target)}`);
        await sendSignIn(page, OWNER);
        await page.waitForURL(`${site.url}/app`);
    }
});

test("whoever must have a second factor sets one up before anything else", async (t) => {
    const site = await Site.startOwned(t, { WAYSTATION_AUTH_SECOND_FACTOR_ROLES: "owner, admin" });
    const page = await openPage(t, site);
    await signInFirst(page, OWNER, PASSWORD, "**/app/security*");
    await page.getByText("Two-step verification required").waitFor();
    assert.deepEqual(await findBarriers(page), []);
    assert.equal((await ask(page, "GET", "/api/admin/users")).status, 403);
    await page.goto("/app");
    await page.getByText("Two-step verification required").waitFor();
});

test("somebody who is disabled is out within five seconds", async (t) => {
    const site = await Site.startOwned(t);
    await site.enter("user@example.com");
    const page = await openPage(t, site, { refusals: [ENDED] });
    await signInFirst(page, "user@example.com");
    const owner = await openPage(t, site);
    await signInFirst(owner, OWNER);
    const { id } = (await ask(page, "GET", "/api/me")).body;
    await owner.goto(`/console/people/${id}`);
    await owner.getByLabel("Status").selectOption({ label: "Disabled" });
    await owner.getByRole("button", { name: "Save changes" }).click();
    await owner.getByRole("alertdialog").getByRole("button", { name: "Save changes" }).click();
    await owner.getByText("Changes saved").waitFor();
    await page.getByRole("link", { name: "Security" }).first().click();
    await page.waitForURL("**/sign-in?return=*", { timeout: 5_000 });
    await sendSignIn(page, "user@example.com");
    await page.getByRole("alert").waitFor();
    assert.equal((await ask(page, "GET", "/api/me")).status, 401);
});
