// What people and upstreams write is shown to whoever runs the site. None of it may do anything there but be read.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, openPage } from "./browser.mjs";
import { PEOPLE, Shop } from "./shop.mjs";

const TURNED = "\u202egnp.exe";
const TURNED_TOO = "\u202esdrawkcab";

// A formula to a spreadsheet, markup that runs where it is taken for markup, and a template's expressions.
const written = (place) => `=HYPERLINK("//attacker.example")"'><img src=x onerror="hit='${place}'"><script>hit=1</script>{{place}}$t(x)`;
// The same, and from there on written backwards.
const turned = (place) => `${written(place)}${TURNED}`;
// Where neither spaces are taken nor what turns the direction.
const joined = (place) => `<img/src=x/onerror=hit='${place}'>`;
// What looks like a secret is taken out of an upstream's words, which leaves these.
const SAID = `<img src=x> <b>so</b> ${TURNED_TOO}`;

test("what anybody has written is read by an administrator and never run", async (t) => {
    const shop = await Shop.start(t);
    const stored = await store(shop);
    const page = await openPage(t, shop.site, { userAgent: `Mozilla/5.0 <script>hit='agent'</script>` });
    const breaches = [];
    await page.context().exposeBinding("noteBreach", (_, what) => void breaches.push(what));
    await page.addInitScript(() => {
        window.hit = undefined;
        addEventListener("securitypolicyviolation", (event) => window.noteBreach(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    page.on("dialog", (dialog) => {
        breaches.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
    });
    page.on("request", (request) => /\/x$/.test(new URL(request.url()).pathname) && breaches.push(`asks ${request.url()}`));
    await shop.signIn(page, PEOPLE.owner);

    for (const [path, texts, act] of screens(stored)) {
        await page.goto(path);
        await page.locator("main h1, main h2").first().waitFor();
        await act?.(page);
        for (const text of texts) await page.getByText(text, { exact: false }).first().waitFor({ state: "attached", timeout: 10_000 }).catch(() => assert.fail(`${path} does not show ${text}`));
        assert.equal(await page.evaluate(() => window.hit), undefined, `a script has run on ${path}`);
        assert.deepEqual(await page.evaluate(findReordered, [TURNED, TURNED_TOO]), [], `something is reordered on ${path}`);
        assert.equal(await page.locator("img[src=x]").count(), 0, `markup of others is markup on ${path}`);
    }
    assert.deepEqual(breaches, []);

    const { items } = (await ask(page, "GET", "/api/admin/audit-logs?limit=100")).body;
    assert.ok(JSON.stringify(items).includes("HYPERLINK"), "what was written is in the log");
    for (const path of ["/api/admin/audit-logs/export.csv", "/api/me/usage/export.csv", "/api/admin/revenue/export.csv"]) {
        const csv = await (await page.request.get(path)).text();
        const cells = [...csv.replace(/^\uFEFF/, "").matchAll(/(?:^|,|\n)(?:"((?:[^"]|"")*)"|([^,\r\n]*))/g)].map(([, quoted, plain]) => quoted ?? plain);
        assert.deepEqual(cells.filter((cell) => /^[=+@\t\r]|^-(?!\d)/.test(cell)), [], `${path} has a formula`);
    }
});

// Writes into everything that an administrator is shown; gives the ids of what was made.
async function store(shop) {
    const { upstream, people } = shop;
    const person = await shop.ask("POST", "/api/admin/users", { email: "=1+1'mallory@example.com", display_name: written("person"), role: "user", password: "correct horse battery" });
    await shop.ask("PATCH", `/api/admin/users/${person.id}`, { channel_group: "<b>group</b>" }).catch(() => undefined);
    await shop.credit(person.id, "5", { note: turned("note"), reason_code: "goodwill" });
    const key = await shop.addKey(person.id, { name: written("key") });
    const own = await shop.addKey(people.owner.id, { name: written("own key") });
    await shop.credit(people.owner.id, "5", { note: turned("note"), reason_code: "goodwill" });

    const model = await shop.addModel({ name: joined("model"), display_name: turned("model"), price: { input_per_million: "1", output_per_million: "2" } });
    const group = await shop.ask("POST", "/api/admin/model-groups", { name: written("group"), note: turned("group"), models: [joined("model")] });
    const channel = await shop.addChannel({ name: turned("channel"), models: [{ name: joined("model"), upstream: joined("upstream") }] });
    await upstream.fail(joined("upstream"), 500, SAID);
    const call = async (secret) => {
        const answer = await fetch(`${shop.url}/v1/chat/completions`, {
            method: "POST",
            headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", "user-agent": "<script>hit='agent'</script>" },
            body: JSON.stringify({ model: joined("model"), user: turned("end user"), metadata: { tag: turned("tag") }, messages: [{ role: "user", content: turned("prompt") }] }),
        });
        const id = answer.headers.get("x-request-id");
        await shop.settled(id);
        return id;
    };
    const request = await call(key.secret);
    const ownRequest = await call(own.secret);
    for (let more = 0; more < 3; more += 1) await call(key.secret);
    await shop.ask("POST", `/api/admin/channels/${channel}/test`, {});
    await shop.ask("POST", "/api/admin/notices", { title: { en: turned("title") }, text: { en: turned("text") }, level: "warning" });
    await shop.ask("PATCH", "/api/admin/settings", { values: { "site.name": written("site"), "auth.registration": "invite" } });
    await shop.ask("POST", "/api/admin/invites", { email: "=1+1'invited@example.com" });
    await shop.call(shop.key.secret, { model: joined("unknown") });
    return { person: person.id, model, group: group.id, channel, request, ownRequest };
}

const pressed = (name) => (page) => page.getByRole("button", { name }).first().click();

// Every page with what of it must be there to read, and what is opened on it.
function screens({ person, model, channel, request, ownRequest }) {
    return [
        ["/console", [turned("channel")]],
        ["/console/requests", [joined("model"), turned("channel")]],
        [`/console/requests/${request}`, [SAID, "<script>hit='agent'</script>"]],
        ["/console/errors", [joined("model")]],
        ["/console/channels", [turned("channel")]],
        [`/console/channels/${channel}`, [joined("model"), joined("upstream")]],
        [`/console/channels/${channel}`, [SAID], pressed("Run test")],
        [`/console/channels/${channel}`, [turned("channel")], pressed("Delete channel")],
        [`/console/channels/${channel}`, [turned("channel")], pressed("Disable")],
        ["/console/models", [turned("model"), joined("model")]],
        [`/console/models/${model}`, [joined("model")]],
        [`/console/models/${model}?tab=history`, [turned("model")]],
        ["/console/model-groups", [written("group")]],
        ["/console/people", [written("person"), "=1+1'mallory@example.com"]],
        [`/console/people/${person}`, [written("person"), written("key")]],
        [`/console/people/${person}`, [written("person")], pressed("Adjust")],
        ["/console/invitations", ["=1+1'invited@example.com"]],
        ["/console/revenue", []],
        ["/console/billing", []],
        ["/console/notices", [turned("title")]],
        ["/console/settings", ["site.name"]],
        ["/console/roles", []],
        ["/console/audit-log", [written("person")]],
        ["/console/audit-log?action=adjustment.create", [`<script>hit=1</script>{{place}}$t(x)${TURNED}`], (page) => page.getByRole("main").getByRole("row").nth(1).getByRole("button").click()],
        ["/console/channels", [turned("channel")], async (page) => {
            await page.keyboard.press("Control+k");
            await page.getByRole("combobox", { name: /^Page, e-mail/ }).fill("onerror");
            await page.getByRole("option").nth(1).waitFor();
        }],
        ["/app", [turned("title"), turned("text")]],
        ["/app/keys", [written("own key")]],
        ["/app/usage", [joined("model"), written("own key")]],
        ["/app/requests", [joined("model")]],
        [`/app/requests/${ownRequest}`, [written("own key")]],
        ["/app/playground", []],
        ["/app/ledger", []],
        ["/app/models", [turned("model")]],
        ["/app/docs", []],
        ["/app/profile", []],
        ["/app/security", []],
        ["/app/sessions", []],
        ["/models", [turned("model")]],
    ];
}

// Runs in the page. Whatever stands on a line with a text that turns the direction of writing is still in its order.
function findReordered(turned) {
    const blockOf = (node) => {
        let element = node.parentElement;
        while (element !== null && getComputedStyle(element).display === "inline") element = element.parentElement;
        return element;
    };
    const textsOf = (root) => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        const found = [];
        while (walker.nextNode()) found.push(walker.currentNode);
        return found;
    };
    const boxOf = (node, from, until) => {
        const range = document.createRange();
        range.setStart(node, from);
        range.setEnd(node, until);
        return range.getBoundingClientRect();
    };
    // Letters one by one; what is turned counts as one piece.
    const piecesOf = (node) => {
        const pieces = [];
        for (let at = 0; at < node.data.length; at += 1) {
            const found = turned.find((text) => node.data.startsWith(text, at));
            const until = at + (found?.length ?? 1);
            if (/\S/.test(node.data.slice(at, until))) pieces.push({ text: node.data.slice(at, until), box: boxOf(node, at, until) });
            at = until - 1;
        }
        return pieces.filter(({ box }) => box.width > 0);
    };
    const blocks = new Set(textsOf(document.body).filter((node) => turned.some((text) => node.data.includes(text))).map(blockOf));
    const faults = [];
    for (const block of blocks) {
        const pieces = textsOf(block).filter((text) => blockOf(text) === block).flatMap(piecesOf);
        for (let at = 1; at < pieces.length; at += 1) {
            const [before, now] = [pieces[at - 1], pieces[at]];
            const isSameLine = Math.abs(before.box.bottom - now.box.bottom) < 4;
            if (isSameLine && now.box.left + 2 < before.box.right) {
                faults.push(`${now.text} stands before ${before.text} in: ${block.textContent.slice(0, 200)}`);
                break;
            }
        }
    }
    return faults;
}
