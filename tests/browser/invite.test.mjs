import assert from "node:assert/strict";
import { test } from "node:test";

import { keepFirstKey, signInFirst } from "./account.mjs";
import { ask, findBarriers, findTraces, openPage } from "./browser.mjs";
import { linkOf, Mailbox } from "./mailbox.mjs";
import { OWNER, PASSWORD, Site } from "./site.mjs";

const GUEST = "guest@example.com";

test("whoever is invited by mail registers by the link, which works once and for that address", async (t) => {
    const mailbox = await Mailbox.start(t);
    const site = await Site.startOwned(t, { ...mailbox.settings, WAYSTATION_AUTH_REGISTRATION: "invite" });
    const host = await openPage(t, site);
    await signInFirst(host, OWNER);
    await host.goto("/console/invitations");
    await host.getByRole("button", { name: "New invitation" }).first().click();
    const asked = host.getByRole("dialog", { name: "New invitation" });
    await asked.getByLabel("E-mail", { exact: false }).first().fill(GUEST);
    assert.deepEqual(await findBarriers(host), []);
    await asked.getByRole("button", { name: "New invitation" }).click();
    const made = host.getByRole("dialog", { name: "Invitation created" });
    const shown = (await made.getByLabel("Invitation link").innerText()).trim();
    await made.getByRole("button", { name: "I have saved it" }).click();
    await host.getByText(GUEST).waitFor();
    const link = linkOf(await mailbox.mailTo(GUEST, 1));
    assert.equal(link, shown);
    assert.deepEqual(await findTraces(host, link.split("invite=")[1]), []);

    // Without the invitation nobody registers.
    const stranger = await openPage(t, site);
    await stranger.goto("/register");
    await register(stranger, "stranger@example.com", { "Invitation": "not-an-invitation" });
    await stranger.getByText("This invitation has expired or was already used.").waitFor();
    assert.deepEqual(await findBarriers(stranger), []);

    const guest = await openPage(t, site);
    await guest.goto(link);
    await guest.getByText("You’ve been invited.").waitFor();
    assert.ok(guest.url().endsWith("/register"), guest.url());
    await register(guest, GUEST);
    await keepFirstKey(guest);
    await guest.waitForURL("**/app");
    assert.equal((await ask(guest, "GET", "/api/me")).body.email, GUEST);

    const late = await openPage(t, site);
    await late.goto(link);
    await register(late, "late@example.com");
    await late.getByText("This invitation has expired or was already used.").waitFor();
    await host.reload();
    await host.getByText("Used", { exact: true }).waitFor();
});

async function register(page, email, more = {}) {
    for (const [label, text] of Object.entries(more)) await page.getByLabel(label).fill(text);
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
}
