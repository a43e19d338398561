// Takes a picture of every screen in both languages, both themes and four widths, and looks for what eyes miss: axe's
// findings, lines that run over the edge, words that are cut off, jumps while a page loads, console errors, breaches of
// the pages' policy, calls to other sites. In the language "long" every text is 40 % longer than in English: what fits
// then fits in a language that nobody has written yet.
//   npm run build && npm run pictures -- --out=/some/folder [--only=sign-in] [--quick] [--language=en] [--theme=dark] [--width=375]
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

import { CONSOLE_SCREENS } from "./console-screens.mjs";
import { NOW } from "./data.mjs";
import { findCutTexts, findOverflow, findRawKeys } from "./looks.mjs";
import { PORTAL_SCREENS } from "./portal-screens.mjs";
import { startStub } from "./stub.mjs";

const options = Object.fromEntries(process.argv.slice(2).map((text) => text.replace(/^--/, "").split("=")));
const out = options.out ?? process.env.PICTURES ?? join(process.env.TMPDIR ?? "/tmp", "waystation-pictures");
const port = Number(process.env.PORT ?? 8791);
const site = `http://127.0.0.1:${port}`;

const press = (name) => (page) => page.getByRole("button", { name }).first().click();
const fill = async (page, values) => {
  for (const [selector, value] of Object.entries(values)) await page.fill(selector, value);
};
const submit = async (page, values) => {
  await fill(page, values);
  await page.click("form button[type=submit]");
};
const keyDeed = async (page, deed) => {
  await page.getByRole("button", { name: /Default/ }).click();
  await page.getByRole("menuitem", { name: deed }).click();
};
const person = "/console/people/usr_06ft3r5yx1v2k4m7q9s0t20005";

// Each screen: where it is, how the stub behaves, what is done before the picture. The words are regular expressions in
// both languages.
const SCREENS = [
  { name: "setup", path: "/setup", stub: { setup: true, signedIn: null } },
  { name: "setup-errors", path: "/setup", stub: { setup: true, signedIn: null }, act: (page) => submit(page, { "input[name=token]": "wrong", "input[name=email]": "x", "input[name=password]": "short" }) },
  { name: "first-key", path: "/setup", stub: { setup: true, signedIn: null }, act: (page) => submit(page, { "input[name=token]": "right-token", "input[name=email]": "owner@example.org", "input[name=password]": "correct horse battery" }) },
  { name: "sign-in", path: "/sign-in", stub: { signedIn: null } },
  // Typed and sent while the scripts are still on their way.
  { name: "sign-in-early", path: "/sign-in", stub: { signedIn: null }, holdsScripts: true, act: (page) => fill(page, { "#first-login": "owner@example.org", "#first-password": "correct horse battery" }), after: async (page, release) => {
    await page.press("#first-password", "Enter");
    release();
    await page.waitForURL("**/app");
  } },
  { name: "sign-in-wrong", path: "/sign-in", stub: { signedIn: null }, act: (page) => submit(page, { "input[name=login]": "owner", "input[name=password]": "wrong" }) },
  { name: "sign-in-wait", path: "/sign-in", stub: { signedIn: null }, act: (page) => submit(page, { "input[name=login]": "slow-down", "input[name=password]": "wrong" }) },
  { name: "sign-in-oauth-error", path: "/sign-in#error=account_exists", stub: { signedIn: null } },
  { name: "sign-in-closed", path: "/sign-in", stub: { signedIn: null, empty: true, options: { registration: "closed", has_passkeys: false } } },
  { name: "sign-in-invite", path: "/sign-in", stub: { signedIn: null, options: { registration: "invite" } } },
  { name: "sign-in-fields", path: "/sign-in", stub: { signedIn: null }, act: (page) => page.click("form button[type=submit]") },
  { name: "second-factor-from-provider", path: "/sign-in#challenge=chl_1&methods=totp&return=%2Fapp%2Fsecurity", stub: { signedIn: null } },
  { name: "second-factor", path: "/sign-in", stub: { signedIn: null }, act: (page) => submit(page, { "input[name=login]": "factor", "input[name=password]": "correct horse battery" }) },
  { name: "register", path: "/register#invite=abc", stub: { signedIn: null } },
  { name: "register-errors", path: "/register", stub: { signedIn: null }, act: (page) => submit(page, { "input[name=email]": "new@example.org", "input[name=password]": "password123456" }) },
  { name: "register-closed", path: "/register", stub: { signedIn: null, options: { registration: "closed" } } },
  { name: "register-invite", path: "/register", stub: { signedIn: null, options: { registration: "invite" } } },
  { name: "register-domains", path: "/register", stub: { signedIn: null, options: { allowed_domains: ["example.org", "research.example.org"] } } },
  { name: "register-mail", path: "/register", stub: { signedIn: null }, act: (page) => submit(page, { "input[name=email]": "new@example.org", "input[name=password]": "correct horse battery" }) },
  { name: "verify-email", path: "/verify-email#token=good", stub: { signedIn: null } },
  { name: "verify-email-over", path: "/verify-email#token=old", stub: { signedIn: null } },
  { name: "forgot-password", path: "/forgot-password", stub: { signedIn: null } },
  { name: "forgot-password-sent", path: "/forgot-password", stub: { signedIn: null }, act: (page) => submit(page, { "input[name=email]": "new@example.org" }) },
  { name: "forgot-password-no-mail", path: "/forgot-password", stub: { signedIn: null, options: { is_mail_sent: false } } },
  { name: "reset-password", path: "/reset-password#token=good", stub: { signedIn: null } },
  { name: "reset-password-over", path: "/reset-password", stub: { signedIn: null } },
  { name: "first-key-due", path: "/app", stub: { firstKey: true } },
  { name: "overview", path: "/app", stub: {} },
  { name: "overview-fresh", path: "/app", stub: { signedIn: "night-batch", empty: true } },
  { name: "menu", path: "/app", stub: {}, act: async (page) => {
    const buttons = page.locator("[aria-haspopup=menu]");
    for (const button of await buttons.all()) if (await button.isVisible()) return button.click();
  } },
  { name: "profile", path: "/app/profile", stub: {} },
  { name: "security", path: "/app/security", stub: {} },
  { name: "security-empty", path: "/app/security", stub: { empty: true, proof: false } },
  { name: "security-held", path: "/app", stub: { empty: true, proof: false, held: true } },
  { name: "console-held", path: "/console/people", stub: { empty: true, held: true } },
  { name: "security-failed", path: "/app/security", stub: { fail: { "/api/me/passkeys": "unavailable", "/api/me/totp": "internal_error" } } },
  { name: "totp-setup", path: "/app/security", stub: { empty: true, proof: false }, act: press(/^(Set up|设置)$/) },
  { name: "totp-wrong", path: "/app/security", stub: { empty: true, proof: false }, act: async (page) => {
    await press(/^(Set up|设置)$/)(page);
    await submit(page, { "dialog input[name=code]": "000000" }).catch(() => undefined);
    await page.locator("dialog button[type=submit]").click();
  } },
  { name: "proof", path: "/app/security", stub: { empty: true }, act: press(/^(Set up|设置)$/) },
  { name: "recovery-codes", path: "/app/security", stub: { proof: false }, act: async (page) => {
    await press(/^(New codes|重新生成)$/)(page);
    await page.getByRole("alertdialog").getByRole("button", { name: /^(New codes|重新生成)$/ }).click();
  } },
  { name: "password", path: "/app/security", stub: {}, act: press(/^(Change password|修改密码)$/) },
  { name: "sessions", path: "/app/sessions", stub: {} },
  { name: "sessions-end", path: "/app/sessions", stub: {}, act: press(/^(End all others|下线其他全部)$/) },
  { name: "pairing", path: "/app/sessions", stub: {}, act: async (page) => {
    await press(/^(Connect a device|连接设备)$/)(page);
    await submit(page, { "dialog input[name=name]": "Work laptop" }).catch(() => undefined);
    await page.locator("dialog button[type=submit]").click().catch(() => undefined);
  } },
  { name: "people", path: "/console/people", stub: {} },
  { name: "people-none-found", path: "/console/people?q=nobody-here", stub: {} },
  { name: "people-failed", path: "/console/people", stub: { fail: { "/api/admin/users": "internal_error" } } },
  { name: "people-new", path: "/console/people", stub: {}, act: press(/^(Add person|添加用户)$/) },
  { name: "people-link", path: "/console/people", stub: {}, act: async (page) => {
    await press(/^(Add person|添加用户)$/)(page);
    await page.fill("dialog input[name=email]", "team@example.org");
    await page.locator("dialog button[type=submit]").click();
  } },
  { name: "person", path: person, stub: {} },
  { name: "person-read-only", path: person, stub: { signedIn: "auditor" } },
  { name: "person-key-menu", path: person, stub: {}, act: (page) => page.getByRole("button", { name: /Default/ }).click() },
  { name: "person-key-rotate", path: person, stub: {}, act: (page) => keyDeed(page, /^(Rotate|轮换)$/) },
  { name: "person-key-secret", path: person, stub: { proof: false }, act: async (page) => {
    await keyDeed(page, /^(Rotate|轮换)$/);
    await page.getByRole("alertdialog").getByRole("button", { name: /^(Rotate|轮换)$/ }).click();
  } },
  { name: "person-key-revoke", path: person, stub: {}, act: (page) => keyDeed(page, /^(Revoke|吊销)$/) },
  { name: "person-disable", path: person, stub: {}, act: async (page) => {
    await page.selectOption("select[name=status]", "disabled");
    await page.selectOption("select[name=role]", "operator");
    await page.click("form button[type=submit]");
  } },
  { name: "person-email", path: person, stub: {}, act: (page) => submit(page, { "input[name=email]": "research.group@example.org" }) },
  { name: "person-delete", path: person, stub: {}, act: press(/^(Delete person|删除用户)$/) },
  { name: "invitations", path: "/console/invitations", stub: {} },
  { name: "invitations-empty", path: "/console/invitations", stub: { empty: true } },
  { name: "invitation-new", path: "/console/invitations", stub: {}, act: press(/^(New invitation|新建邀请)$/) },
  { name: "audit-log", path: "/console/audit-log", stub: {} },
  { name: "audit-log-filtered", path: "/console/audit-log?actor=usr_06ft3r5yx1v2k4m7q9s0t20001&start_date=2026-11-01", stub: {} },
  { name: "audit-log-actor", path: "/console/audit-log", stub: {}, act: async (page) => {
    await page.getByRole("combobox").first().fill("desk");
    await page.fill("[role=combobox]", "e");
    await page.getByRole("option").first().waitFor();
  } },
  { name: "audit-log-entry", path: "/console/audit-log", stub: {}, act: press(/^user\.update$/) },
  { name: "audit-log-not-allowed", path: "/console/audit-log", stub: { fail: { "/api/admin/audit-logs": "forbidden" } } },
  { name: "console-not-for-you", path: "/console", stub: { signedIn: "research" } },
  { name: "lost", path: "/app/nowhere", stub: {} },
  ...PORTAL_SCREENS,
  ...CONSOLE_SCREENS,
];

/** Each screen is opened once by a finger and once by a mouse, and then made narrower. */
const DEVICES = [
  { isTouched: false, widths: [1440, 768], height: 860 },
  { isTouched: true, widths: [375, 320], height: 780 },
];
const all = ["zh-CN", "en"].flatMap((language) => ["light", "dark"].map((theme) => ({ language, theme })));
const quick = [
  { language: "en", theme: "light", isTouched: false },
  { language: "zh-CN", theme: "dark", isTouched: true },
];
const looks = ("quick" in options ? quick : [...all, { language: "long", theme: "light" }])
  .flatMap((look) => DEVICES.map((device) => ({ ...device, ...look, isAsked: look.isTouched === undefined || look.isTouched === device.isTouched })))
  .filter(({ language, theme, isAsked }) => isAsked && (options.language ?? language) === language && (options.theme ?? theme) === theme)
  .map((look) => ({ ...look, widths: look.widths.filter((width) => Number(options.width ?? width) === width).slice(0, "quick" in options ? 1 : 2) }))
  .filter(({ widths }) => widths.length > 0);

const isWanted = (name) => options.only === undefined || options.only.split(",").some((start) => name.startsWith(start));

/** The most that a page may jump while it loads, as Web Vitals count it. */
const JUMP_MAX = 0.05;

function watchJumps() {
  window.jumped = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.jumped += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}

/** Makes every text of ours longer by 40 %. What machines write, and what people are called, stays as it is. */
function lengthenTexts() {
  const lengthen = (text) => `${text} ${text.trim().slice(0, Math.ceil(text.trim().length * 0.4))}`;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    const parent = text.parentElement;
    if (!/\p{L}{2}/u.test(text.data) || text.data.includes("@") || parent.closest("script, code, pre, .font-mono, time, [aria-hidden=true]")) continue;
    text.data = lengthen(text.data);
  }
  for (const input of document.querySelectorAll("[placeholder]")) input.placeholder = lengthen(input.placeholder);
}

const server = await startStub(port);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const findings = [];
await mkdir(out, { recursive: true });

for (const { language, theme, isTouched, widths, height } of looks) {
  const isLong = language === "long";
  const context = await browser.newContext({
    viewport: { width: widths[0], height }, colorScheme: theme, locale: isLong ? "en" : language, timezoneId: "Asia/Shanghai", reducedMotion: "reduce",
    hasTouch: isTouched, isMobile: isTouched,
  });
  await context.addInitScript((language) => localStorage.setItem("waystation.language", language), isLong ? "en" : language);
  await context.addInitScript(watchJumps);
  for (const screen of SCREENS.filter(({ name, touched }) => isWanted(name) && (touched ?? isTouched) === isTouched)) {
    let label = `${screen.name}.${language}.${theme}.${widths[0]}`;
    const note = (text) => {
      findings.push(`${label}: ${text}`);
      console.log(findings.at(-1));
    };
    await fetch(`${site}/stub`, { method: "PUT", body: JSON.stringify(screen.stub) });
    const page = await context.newPage();
    await page.setViewportSize({ width: widths[0], height });
    await page.clock.setFixedTime(NOW);
    page.on("console", (message) => {
      const isAsked = /Failed to load resource: the server responded/.test(message.text());
      if (message.type() === "error" && !isAsked) note(message.text());
    });
    page.on("pageerror", (error) => note(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith(site) && !request.url().startsWith("data:") && !request.url().startsWith("blob:")) note(`asks ${request.url()}`);
    });
    let release = () => undefined;
    if (screen.holdsScripts) {
      const released = new Promise((resolve) => void (release = resolve));
      await page.route("**/assets/*.js", (route) => released.then(() => route.continue()));
    }
    try {
      await page.goto(site + screen.path, { waitUntil: screen.holdsScripts ? "commit" : "networkidle" });
      const jumped = await page.evaluate(() => window.jumped);
      if (jumped > JUMP_MAX) note(`jumps by ${jumped.toFixed(3)} while it loads`);
      if (screen.act !== undefined) {
        await screen.act(page);
        await page.waitForTimeout(250);
      }
      if (isLong) await page.evaluate(lengthenTexts);
      for (const width of widths) {
        label = `${screen.name}.${language}.${theme}.${width}`;
        if (width !== widths[0]) await page.setViewportSize({ width, height });
        await page.waitForTimeout(screen.settle ?? 100);
        await look(page, screen, label, note, isLong);
      }
      await screen.after?.(page, release);
    } catch (thrown) {
      note(`failed: ${thrown.message.split("\n")[0]}`);
    } finally {
      await page.close();
    }
  }
  await context.close();
}

async function look(page, screen, label, note, isLong) {
  await page.screenshot({ path: join(out, `${label}.png`), fullPage: screen.act === undefined });
  for (const find of [findOverflow, findCutTexts]) for (const text of await page.evaluate(find)) note(text);
  if (isLong) return;
  for (const text of await page.evaluate(findRawKeys)) note(text);
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  for (const { id, impact, nodes } of violations) note(`axe ${impact} ${id}: ${nodes.map(({ target }) => target.join(" ")).slice(0, 3).join(" | ")}`);
}

await browser.close();
server.close();
await writeFile(join(out, `findings${options.language === undefined ? "" : `.${options.language}`}.txt`), `${findings.join("\n")}\n`);
console.log(`${findings.length} findings; pictures in ${out}`);
process.exit(findings.length === 0 ? 0 : 1);
