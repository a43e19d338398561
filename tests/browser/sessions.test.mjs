import assert from "node:assert/strict";
import { test } from "node:test";

import { signIn, signInFirst } from "./account.mjs";
import { ask, ENDED, findBarriers, openPage } from "./browser.mjs";
import { OWNER, Site } from "./site.mjs";

const OTHER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
// What every change is promised to take at most.
const PROMISED_MS = 5_000;

test("a session that is ended from another browser is over within five seconds", async (t) => {
    const site = await Site.startOwned(t);
    const here = await openPage(t, site);
    const there = await openPage(t, site, { userAgent: OTHER, refusals: [ENDED] });
    await signInFirst(here, OWNER);
    await signIn(there, OWNER);
    await there.getByRole("link", { name: "Profile" }).first().click();

    await here.getByRole("link", { name: "Sessions" }).first().click();
    await here.getByText("This session").waitFor();
    const [mine, theirs] = (await ask(here, "GET", "/api/me/sessions")).body.items.sort((a, b) => b.is_current - a.is_current);
    assert.ok(mine.is_current && !theirs.is_current);
    assert.deepEqual(await findBarriers(here), []);
    // The own one cannot be ended here by a slip.
    assert.equal(await here.getByRole("button", { name: /^End session / }).count(), 1);
    await here.getByRole("button", { name: "End session Firefox · Linux" }).click();
    await here.getByRole("alertdialog", { name: "End this session?" }).getByRole("button", { name: "End session" }).click();
    await here.getByText("Signed out there").waitFor();
    const ended = Date.now();

    // Whatever the other browser does next leads it to sign in, and back to where it was.
    await there.getByRole("link", { name: "Security" }).first().click();
    await there.waitForURL("**/sign-in?return=*", { timeout: PROMISED_MS });
    assert.ok(Date.now() - ended < PROMISED_MS);
    assert.equal((await ask(there, "GET", "/api/me")).status, 401);
    assert.equal((await ask(here, "GET", "/api/me")).status, 200);
    await here.getByText("Firefox").waitFor({ state: "detached" });
});

test("all other sessions are ended at once, and this one stays", async (t) => {
    const site = await Site.startOwned(t);
    const pages = [await openPage(t, site), await openPage(t, site, { userAgent: OTHER, refusals: [ENDED] }), await openPage(t, site, { refusals: [ENDED] })];
    await signInFirst(pages[0], OWNER);
    await signIn(pages[1], OWNER);
    await signIn(pages[2], OWNER);
    await pages[0].goto("/app/sessions");
    await pages[0].getByRole("button", { name: "End all others" }).click();
    await pages[0].getByRole("alertdialog").getByRole("button", { name: "End all others" }).click();
    await pages[0].getByText("Signed out there").waitFor();
    for (const page of pages.slice(1)) {
        await page.goto("/app/security");
        await page.waitForURL("**/sign-in?return=*", { timeout: PROMISED_MS });
    }
    assert.equal((await ask(pages[0], "GET", "/api/me/sessions")).body.items.length, 1);
});
