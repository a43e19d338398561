// Every screen of a filled shop: where it is, who sees it, and what is done to open what lies over it.

import { readFile } from "node:fs/promises";

const ui = new URL("../../ui/src/", import.meta.url);

const press = (name) => async (page) => page.getByRole("main").getByRole("button", { name }).first().click();
const menuItem = (button, item) => async (page) => {
    await press(button)(page);
    await page.getByRole("menuitem", { name: item }).click();
};
const unfold = (page) => page.locator("main summary").first().click();

// Calls of each kind that the shop's user made, newest first.
async function findCalls(shop) {
    const of = async (query) => (await shop.ask("GET", `/api/admin/requests?limit=1&${query}`)).items[0].id;
    const own = `user_id=${shop.people.user.id}`;
    return { ok: await of(`${own}&status=ok&model=gpt-5`), failed: await of(`${own}&status=failed&model=kimi-k2`), broken: await of("status=interrupted") };
}

// Words are regular expressions in both languages. Who sees it: a stranger, the shop's user or its owner.
export async function listScreens(shop) {
    const calls = await findCalls(shop);
    const person = `/console/people/${shop.people.user.id}`;
    const channel = `/console/channels/${shop.channel}`;
    const model = `/console/models/${shop.models["gpt-5"]}`;
    const stranger = [
        { name: "home", path: "/" },
        { name: "models", path: "/models" },
        { name: "model", path: "/models?model=gpt-5" },
        { name: "docs", path: "/docs" },
        { name: "docs-claude-code", path: "/docs?client=claudeCode" },
        { name: "setup", path: "/setup" },
        { name: "sign-in", path: "/sign-in" },
        { name: "register", path: "/register" },
        { name: "verify-email", path: "/verify-email" },
        { name: "forgot-password", path: "/forgot-password" },
        { name: "reset-password", path: "/reset-password" },
    ];
    const user = [
        { name: "own-overview", path: "/app" },
        { name: "own-keys", path: "/app/keys" },
        { name: "own-key-new", path: "/app/keys", open: press(/^(Create key|创建密钥)$/) },
        { name: "own-key-menu", path: "/app/keys", open: press(/(Actions for|的操作)/) },
        { name: "own-key-revoke", path: "/app/keys", open: menuItem(/(Actions for|的操作)/, /^(Revoke|吊销)$/) },
        { name: "own-usage", path: "/app/usage" },
        { name: "own-usage-by-model", path: "/app/usage?group=model&range=7d" },
        { name: "own-usage-table", path: "/app/usage?group=key", open: unfold },
        { name: "own-requests", path: "/app/requests" },
        { name: "own-requests-filtered", path: "/app/requests?outcome=error&range=30d" },
        { name: "own-request", path: `/app/requests/${calls.ok}` },
        { name: "own-request-failed", path: `/app/requests/${calls.failed}` },
        { name: "own-ledger", path: "/app/ledger" },
        { name: "own-playground", path: "/app/playground" },
        { name: "own-models", path: "/app/models" },
        { name: "own-docs", path: "/app/docs" },
        { name: "own-profile", path: "/app/profile" },
        { name: "own-security", path: "/app/security" },
        { name: "own-password", path: "/app/security", open: press(/^(Change password|修改密码)$/) },
        { name: "own-proof", path: "/app/security", open: press(/^(Set up|设置)$/) },
        { name: "own-sessions", path: "/app/sessions" },
        { name: "own-pairing", path: "/app/sessions", open: press(/^(Connect a device|连接设备)$/) },
        { name: "own-appearance", path: "/app/appearance" },
        { name: "not-for-you", path: "/console" },
        { name: "lost", path: "/app/nowhere" },
    ];
    const owner = [
        { name: "overview", path: "/console" },
        { name: "revenue", path: "/console/revenue" },
        { name: "revenue-month", path: "/console/revenue?by=month" },
        { name: "billing", path: "/console/billing" },
        { name: "channels", path: "/console/channels" },
        { name: "channel-new", path: "/console/channels", open: async (page) => {
            await press(/^(Add channel|添加渠道)$/)(page);
            await page.locator("dialog label", { hasText: "DeepSeek" }).click();
        } },
        { name: "channel", path: channel },
        { name: "channel-model", path: channel, open: async (page) => {
            await press(/(Actions for|的操作)/)(page);
            await page.getByRole("menuitem").first().click();
        } },
        { name: "channel-compare", path: channel, open: press(/^(Compare with provider|与供应商比对)$/) },
        { name: "catalog", path: "/console/models" },
        { name: "catalog-unpriced", path: "/console/models?unpriced=1" },
        { name: "catalog-model", path: model },
        { name: "catalog-price", path: `${model}?tab=price` },
        { name: "catalog-history", path: `${model}?tab=history` },
        { name: "groups", path: "/console/model-groups" },
        { name: "group-new", path: "/console/model-groups", open: press(/^(Add group|添加分组)$/) },
        { name: "requests", path: "/console/requests" },
        { name: "requests-filtered", path: "/console/requests?outcome=error&range=30d" },
        { name: "request", path: `/console/requests/${calls.failed}` },
        { name: "request-broken", path: `/console/requests/${calls.broken}` },
        { name: "errors", path: "/console/errors?range=30d" },
        { name: "people", path: "/console/people" },
        { name: "people-none", path: "/console/people?q=nobody-like-this" },
        { name: "person-new", path: "/console/people", open: press(/^(Add person|添加用户)$/) },
        { name: "person", path: person },
        { name: "person-adjust", path: person, open: async (page) => {
            await press(/^(Adjust|调整)/)(page);
            await page.fill("dialog input[name=amount]", "50");
        } },
        { name: "person-delete", path: person, open: press(/^(Delete person|删除用户)$/) },
        { name: "invitations", path: "/console/invitations" },
        { name: "invitation-new", path: "/console/invitations", open: press(/^(New invitation|新建邀请)$/) },
        { name: "notices", path: "/console/notices" },
        { name: "notice-new", path: "/console/notices", open: press(/^(New notice|新建公告)$/) },
        { name: "settings", path: "/console/settings" },
        { name: "roles", path: "/console/roles" },
        { name: "audit-log", path: "/console/audit-log" },
        { name: "audit-log-entry", path: "/console/audit-log", open: async (page) => page.getByRole("main").locator("table button").first().click() },
        { name: "palette", path: "/console/channels", open: (page) => page.keyboard.press("Control+K") },
        { name: "shortcuts", path: "/console/channels", open: (page) => page.keyboard.press("?") },
    ];
    return { stranger, user, owner };
}

// Opens a screen and waits until everything of it is there.
export async function openScreen(page, { path, open }) {
    await page.goto(path);
    await awaitPage(page);
    if (open === undefined) return;
    await open(page);
    await page.locator("dialog[open]:visible, [role=menu]:visible, main details[open]:visible").first().waitFor();
    await awaitPage(page);
}

// Until nothing that stands in for what is on its way is left, and nothing moves.
export async function awaitPage(page) {
    await page.waitForFunction(() => {
        const isShown = (element) => element.checkVisibility({ opacityProperty: false });
        // Behind a dialog something may be waiting for it.
        const top = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
        const isThere = [...document.querySelectorAll("h1")].some(isShown);
        const isAwaited = [...top.querySelectorAll(".appear-late, .animate-pulse, .animate-spin, [aria-busy=true]")].some(isShown);
        const isMoving = document.getAnimations().some(({ playState, effect }) => playState === "running" && effect?.getComputedTiming().iterations !== Infinity);
        return isThere && !isAwaited && !isMoving;
    });
}

// The addresses that the portal's and the console's routers know, such as "/app/requests/$id".
export async function readRoutes() {
    const rooms = await Promise.all(["portal", "console"].map(readRoom));
    return rooms.flat();
}

async function readRoom(room) {
    const read = (file) => readFile(new URL(`${room}/${file}`, ui), "utf8");
    const [router, paths] = await Promise.all([read("router.tsx"), read("paths.ts")]);
    const named = Object.fromEntries([...paths.matchAll(/^ {2}(\w+): "([^"]*)"/gm)].map(([, name, path]) => [name, path]));
    const routes = readRoutesOf(`${room}/router.tsx`, router, named, {});
    // What the console shares with the desktop panel stands below the route that is given to it.
    const [, below] = /createScreens\((\w+)\)/.exec(router) ?? [];
    const shared = below === undefined ? {} : readRoutesOf(`${room}/routes.tsx`, await read("routes.tsx"), named, { parent: routes[below] });
    return [...new Set([routes, shared].flatMap(Object.values).filter(({ isFrame }) => !isFrame).map(({ path }) => path))];
}

// The routes that a file declares, by their names there; `known` are those that it is given.
function readRoutesOf(file, text, named, known) {
    const routes = {};
    for (const [, indent, name, options] of text.matchAll(/^( *)const (\w+) = createRoute\(\{\n([\s\S]*?)^\1\}\);/gm)) {
        const parent = /getParentRoute: \(\) => (\w+)/.exec(options)[1];
        const [, literal, reference] = new RegExp(`^${indent} {2}path: (?:"([^"]*)"|paths\\.(\\w+))`, "m").exec(options) ?? [];
        const own = literal ?? named[reference] ?? "";
        const above = (routes[parent] ?? known[parent])?.path ?? "";
        const path = own.startsWith("/") && own !== "/" ? own : `${above}/${own}`.replaceAll(/\/+/g, "/").replace(/(.)\/$/, "$1");
        routes[name] = { path, isFrame: new RegExp(`^${indent} {2}id: `, "m").test(options) };
    }
    const declared = text.match(/createRoute\(/g).length;
    if (Object.keys(routes).length !== declared) throw new Error(`${file} has ${declared} routes, and ${Object.keys(routes).length} could be read`);
    return routes;
}

// The route that an address belongs to.
export function routeOf(routes, address) {
    const parts = address.split(/[?#]/)[0].split("/");
    const fits = (route) => {
        const wanted = route.split("/");
        return wanted.length === parts.length && wanted.every((part, place) => part === parts[place] || (part.startsWith("$") && parts[place] !== ""));
    };
    return routes.find((route) => route === parts.join("/")) ?? routes.find(fits);
}
