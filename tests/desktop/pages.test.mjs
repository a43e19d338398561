// Every page of the window in both languages and both themes, with sites in every state: nothing on it is out of reach,
// cut off or against the policy. WAYSTATION_DESKTOP_PICTURES names a folder for pictures of them.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

import { OWNER, PASSWORD } from "../browser/site.mjs";
import { Machine, until } from "./machine.mjs";
import { invite, openRemoteShop, openShop, pair } from "./sites.mjs";

const folder = process.env.WAYSTATION_DESKTOP_PICTURES;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const LOOKS = ["en", "zh-CN"].flatMap((language) => ["light", "dark"].map((theme) => ({ language, theme })));

const SCREENS = ["", "/revenue", "/billing", "/channels", "/models", "/model-groups", "/requests", "/errors", "/people", "/invitations", "/notices", "/settings", "/roles", "/audit-log", "/charts"];

// Words in both languages.
const press = (role, name) => (window) => window.press(role, name);

async function wear(window, { language, theme }) {
    await window.invoke("update_preferences", { preferences: { language, has_notifications: null, stays_in_tray: null } });
    await window.run((theme) => localStorage.setItem("waystation.theme", theme), theme);
    await beginAnew(window);
    assert.deepEqual(await window.run(() => [document.documentElement.lang, document.documentElement.classList.contains("dark")]), [language, theme === "dark"]);
}

async function beginAnew(window) {
    await window.renew();
    await window.run(() => {
        window.faults = [];
        document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => window.faults.push(`breaks the policy: ${violatedDirective} ${blockedURI}`));
        addEventListener("error", ({ message }) => window.faults.push(message));
        addEventListener("unhandledrejection", ({ reason }) => window.faults.push(String(reason)));
    });
}

// Waits until nothing is on its way and nothing moves.
async function settle(window) {
    await until(() => window.run(() => document.querySelector("[aria-busy=true], [data-sending]") === null && document.getAnimations().every((animation) => animation.playState !== "running" || animation.effect.getTiming().iterations === Infinity)), "the page is at rest", 1).catch(() => {});
}

async function lookAt(window, name, { language, theme }) {
    await settle(window);
    if (folder) await window.machine.takePicture("Waystation", join(folder, `${name}-${language}-${theme}.png`));
    if (await window.run(() => window.axe === undefined)) await window.driver.executeScript(axe);
    const barriers = await window.wait(async (rules) => {
        const { violations } = await window.axe.run(document, { runOnly: rules });
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(" | ")}`);
    }, RULES);
    const others = await window.run(() => {
        const wide = document.documentElement.scrollWidth > innerWidth ? [`is ${document.documentElement.scrollWidth} wide in ${innerWidth}`] : [];
        const raw = document.body.innerText.match(/\b[a-z]+\.[a-z]+(?:\.[a-zA-Z]+)*_(?:one|other)\b|\{\{\w+\}\}/g) ?? [];
        return [...wide, ...raw, ...window.faults.splice(0)];
    });
    return [...barriers, ...others].map((fault) => `${name} ${language} ${theme}: ${fault}`);
}

async function goTo(window, place) {
    // As the router does it: the driver would wait for what it takes for another page.
    await window.run((place) => history.pushState({}, "", place), `#${place}`);
    await until(() => window.run(() => document.querySelector("main h1") !== null || document.querySelector("main [role=alert]") !== null), `the page ${place}`);
}

// Looks at pages one by one; `open` does what leads to what lies over them.
async function lookAtAll(window, looks, pages) {
    if (folder) await mkdir(folder, { recursive: true });
    const faults = [];
    for (const look of looks) {
        await goTo(window, "/");
        await wear(window, look);
        for (const { name, path, open } of pages) {
            await goTo(window, path);
            await settle(window);
            try {
                await open?.(window);
                faults.push(...(await lookAt(window, name, look)));
            } catch (error) {
                faults.push(`${name} ${look.language} ${look.theme}: ${error.message}`);
            }
            if (open) {
                await window.invoke("refuse_pairing");
                await beginAnew(window);
            }
        }
    }
    return faults;
}

test("a window without any site says what to do next", async (t) => {
    const machine = await Machine.start(t);
    const window = await machine.open();
    const pages = [["overview", "/"], ["connections", "/connections"], ["local-server", "/local-server"], ["app", "/app"], ["no-site", "/console"]];
    assert.deepEqual(await lookAtAll(window, LOOKS, pages.map(([name, path]) => ({ name: `empty-${name}`, path }))), []);
});

test("every page of a window with sites in every state can be read and reached by everybody", async (t) => {
    const [machine, main, near, moved, gone] = await Promise.all([Machine.start(t), openRemoteShop(t), openShop(t), openRemoteShop(t), openShop(t)]);
    await main.upstream.fail("kimi-k2", 500, "the upstream is unwell");
    for (let call = 0; call < 24; call += 1) await main.settled((await main.call(main.key.secret, { model: ["gpt-5", "kimi-k2", "deepseek-chat"][call % 3] })).id);
    const window = await machine.open();
    await pair(window, moved, { name: "Moved", environment: "staging", colour: "violet" });
    await pair(window, gone, { name: "Gone", environment: "development", colour: "blue" });
    await pair(window, near, { name: "测试站", environment: "staging", colour: "amber" });
    const id = await pair(window, main, { name: "Production EU", environment: "production", colour: "red" });
    await moved.front.changeKey();
    await gone.site.stop();
    await window.invoke("start_local_server");
    await window.invoke("select_connection", { id });
    const propose = async (shop, change = (text) => text) => {
        const text = change(await invite(shop));
        await window.invoke("propose_pairing", { text });
        await until(async () => (await window.all("dialog")).length + (await window.all("alertdialog")).length === 1, "it is asked about");
    };
    const pages = [
        { name: "overview", path: "/" },
        { name: "switcher", path: "/", open: press("button", /^(Switch connection|切换连接)/) },
        { name: "connections", path: "/connections" },
        { name: "pairing", path: "/connections", open: press("button", /^(Add|添加)$/) },
        { name: "proposal", path: "/connections", open: () => propose(main) },
        { name: "mismatch", path: "/connections", open: () => propose(main, (text) => text.replace(/fp=.{4}/, "fp=AAAA")) },
        { name: "unlock", path: "/console", open: press("button", /^(Unlock changes|解锁修改|解锁更改)/) },
        { name: "local-setup", path: "/local-server" },
        { name: "app", path: "/app" },
        ...SCREENS.map((path) => ({ name: `site${path.replaceAll("/", "-")}`, path: `/console${path}` })),
    ];
    const faults = await lookAtAll(window, LOOKS, pages);
    await window.invoke("set_up_local_server", { owner: { email: OWNER, password: PASSWORD, display_name: "Owner" } });
    faults.push(...(await lookAtAll(window, LOOKS, [{ name: "local-running", path: "/local-server" }])));
    const [blocked, offline] = (await window.invoke("list_connections")).connections;
    for (const [name, { id }] of [["blocked", blocked], ["offline", offline]]) {
        await window.invoke("select_connection", { id });
        faults.push(...(await lookAtAll(window, LOOKS, [{ name: `trouble-${name}`, path: "/console" }])));
    }
    assert.deepEqual(faults, []);
});

test("a window whose sign-ins are locked, or have no place, says so", async (t) => {
    const [machine, shop] = await Promise.all([Machine.start(t, { keyring: "absent" }), openShop(t)]);
    const window = await machine.open();
    await window.invoke("create_passphrase_file", { passphrase: "wooden bridge over nineteen rivers" });
    await pair(window, shop, { name: "Main" });
    await window.invoke("use_keyring");
    assert.deepEqual(await lookAtAll(window, LOOKS, [{ name: "secrets-absent", path: "/console" }, { name: "secrets-app", path: "/app" }]), []);
});
