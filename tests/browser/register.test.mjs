import assert from "node:assert/strict";
import { test } from "node:test";

import { keepFirstKey, sendSignIn, signOut } from "./account.mjs";
import { ask, findBarriers, findTraces, openPage } from "./browser.mjs";
import { linkOf, Mailbox } from "./mailbox.mjs";
import { PASSWORD, Site } from "./site.mjs";

const NEW = "new@example.com";
const OTHER_PASSWORD = "another battery staple";

async function openSite(t) {
    const mailbox = await Mailbox.start(t);
    const site = await Site.startOwned(t, { ...mailbox.settings, WAYSTATION_AUTH_REGISTRATION: "open" });
    return { mailbox, site };
}

test("somebody registers, confirms the address by the mailed link, forgets the password and changes it", async (t) => {
    const { mailbox, site } = await openSite(t);
    const page = await openPage(t, site);
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Create an account" }).click();
    await page.waitForURL("**/register");
    await page.getByLabel("E-mail").fill(NEW);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Check your inbox" }).waitFor();
    assert.deepEqual(await findBarriers(page), []);

    // Not before the address is confirmed.
    await page.goto("/sign-in");
    await sendSignIn(page, NEW);
    await page.getByRole("alert").waitFor();
    assert.equal((await ask(page, "GET", "/api/me")).status, 401);

    await page.goto("/verify-email");
    await page.getByLabel("E-mail").fill(NEW);
    await page.getByRole("button", { name: "Send a new link" }).click();
    await page.getByText("If this address needs confirming, a link is on its way.").waitFor();
    const link = linkOf((await mailbox.mailsTo(NEW)).at(-1) ?? (await mailbox.mailTo(NEW, 1)));
    assert.ok(link.startsWith(`${site.url}/verify-email#token=`), link);
    // Looking at the page, as programs that read mails do, confirms nothing: a script of it posts the token.
    assert.equal((await fetch(link)).status, 200);
    await openLink(page, link);
    await page.getByRole("heading", { name: "E-mail confirmed" }).waitFor();
    assert.deepEqual(await findTraces(page, link.split("token=")[1]), []);
    await openLink(page, link);
    await page.getByRole("heading", { name: "This link no longer works" }).waitFor();
    assert.deepEqual(await findBarriers(page), []);

    await page.getByRole("link", { name: "Back to sign in" }).click();
    await sendSignIn(page, NEW);
    const secret = await keepFirstKey(page);
    await page.waitForURL("**/app");
    assert.deepEqual(await findTraces(page, secret), []);
    await signOut(page);

    const reset = await forgetPassword(page, mailbox, "Forgot password?");
    await openLink(page, reset);
    await page.getByLabel("New password").fill(OTHER_PASSWORD);
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole("button", { name: "Save password" }).click();
    await page.getByRole("heading", { name: "Password saved" }).waitFor();
    assert.deepEqual(await findTraces(page, reset.split("token=")[1]), []);
    await page.goto("/sign-in");
    await sendSignIn(page, NEW, PASSWORD);
    await page.getByText("The name or password isn’t right.").waitFor();
    await sendSignIn(page, NEW, OTHER_PASSWORD);
    await page.waitForURL("**/app");

    await page.goto("/app/security");
    await page.getByRole("button", { name: "Change password" }).click();
    const dialog = page.getByRole("dialog", { name: "Change password" });
    await dialog.getByLabel("Current password").fill("not the password");
    await dialog.getByLabel("New password").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Change password" }).click();
    await dialog.getByText("The current password isn’t right.").waitFor();
    await dialog.getByLabel("Current password").fill(OTHER_PASSWORD);
    await dialog.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Password changed").waitFor();
    assert.equal((await ask(page, "GET", "/api/me")).status, 200);
    await signOut(page);
    await sendSignIn(page, NEW, PASSWORD);
    await page.waitForURL("**/app");
});

test("whoever reads Chinese finds pages and mails in Chinese on the whole way", async (t) => {
    const { mailbox, site } = await openSite(t);
    const page = await openPage(t, site, { locale: "zh-CN" });
    await page.goto("/register");
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
    await page.getByLabel("邮箱").fill(NEW);
    await page.getByLabel("密码", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "注册" }).click();
    await page.getByRole("heading", { name: "请查收邮件" }).waitFor();
    const mail = await mailbox.mailTo(NEW, 1);
    assert.match(mail.subject, /\p{Script=Han}/u);
    assert.match(mail.text, /\p{Script=Han}/u);
    await openLink(page, linkOf(mail));
    await page.getByRole("heading", { name: "邮箱验证成功" }).waitFor();

    const reset = await forgetPassword(page, mailbox, "忘记密码？");
    await openLink(page, reset);
    await page.getByLabel("新密码").fill(OTHER_PASSWORD);
    await page.getByRole("button", { name: "保存密码" }).click();
    await page.getByRole("link", { name: "登录" }).click();
    await page.getByLabel("邮箱或用户名").fill(NEW);
    await page.getByLabel("密码", { exact: true }).fill(OTHER_PASSWORD);
    await page.getByRole("button", { name: "登录", exact: true }).click();
    await page.getByRole("dialog", { name: "你的第一个 API 密钥" }).getByRole("button").last().click();
    await page.waitForURL("**/app");
    assert.deepEqual(await findBarriers(page), []);
});

// Asks for a link to set another password by; gives it.
async function forgetPassword(page, mailbox, question) {
    const before = (await mailbox.mailsTo(NEW)).length;
    await page.goto("/sign-in");
    await page.getByRole("link", { name: question }).click();
    await page.locator("input[type=email]").fill(NEW);
    await page.locator("form button[type=submit]").click();
    const link = linkOf(await mailbox.mailTo(NEW, before + 1));
    assert.match(link, /\/reset-password#token=/);
    return link;
}

// As from another program: a link that differs from the page's address behind the # only would not load it anew.
async function openLink(page, link) {
    await page.goto("about:blank");
    await page.goto(link);
}
