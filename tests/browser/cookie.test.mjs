import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { signInFirst, signOut } from "./account.mjs";
import { ask, openPage } from "./browser.mjs";
import { OWNER, Site } from "./site.mjs";

const NAME = "__Host-waystation";

test("the session's cookie is kept on this machine's address, out of scripts' reach, and gone after signing out", async (t) => {
    const site = await Site.startOwned(t);
    assert.match(site.url, /^http:\/\/127\.0\.0\.1:/);
    const page = await openPage(t, site);
    await signInFirst(page, OWNER);
    const [cookie] = (await page.context().cookies()).filter(({ name }) => name === NAME);
    assert.deepEqual(
        [cookie.secure, cookie.httpOnly, cookie.sameSite, cookie.path, cookie.domain],
        [true, true, "Lax", "/", "127.0.0.1"],
    );
    assert.ok(cookie.expires > Date.now() / 1000);
    assert.equal(await page.evaluate(() => document.cookie), "");
    // A script can neither read it nor put another in its place.
    const kept = await page.evaluate(async (name) => {
        document.cookie = `${name}=x; Secure; Path=/`;
        return { all: document.cookie, stored: (await cookieStore?.getAll())?.length ?? 0 };
    }, NAME);
    assert.deepEqual(kept, { all: "", stored: 0 });
    await page.reload();
    await page.getByRole("heading", { name: "Hello, " }).waitFor();

    await signOut(page);
    assert.deepEqual((await page.context().cookies()).filter(({ name }) => name === NAME), []);
    // The cookie that somebody may have copied is worth nothing any more.
    const replayed = await fetch(`${site.url}/api/me`, { headers: { cookie: `${NAME}=${cookie.value}` } });
    assert.equal(replayed.status, 401);
    await page.goto("/app");
    await page.waitForURL("**/sign-in?return=%2Fapp");
});

test("another origin's page sends nothing in a person's name, even from the same machine", async (t) => {
    const site = await Site.startOwned(t);
    const page = await openPage(t, site);
    await signInFirst(page, OWNER);
    const before = (await ask(page, "GET", "/api/me/keys")).body.items;

    const other = await serveForms(t, site.url);
    // Another port of the same host is another origin, but the same site: the cookie goes along.
    for (const host of ["127.0.0.1", "localhost"]) {
        const stranger = await openPage(t, site, { others: [`http://${host}:${other}`] });
        await stranger.context().addCookies(await page.context().cookies());
        for (const how of ["form", "fetch"]) {
            const devtools = await stranger.context().newCDPSession(stranger);
            await devtools.send("Network.enable");
            const sent = await sentBy(devtools, () => stranger.goto(`http://${host}:${other}/${how}`));
            assert.equal(sent.carriesCookie, host === "127.0.0.1", `${how} by ${host}`);
            assert.equal(sent.status, 403, `${how} by ${host}`);
        }
    }
    assert.deepEqual((await ask(page, "GET", "/api/me/keys")).body.items, before);
    assert.equal((await ask(page, "POST", "/api/me/keys", { name: "by the site's own page" })).status, 201);
});

// The call for a new key that something makes a page send: the page itself is not shown the answer.
function sentBy(devtools, act) {
    return new Promise((resolve) => {
        const calls = new Map();
        const note = (id, seen) => {
            const call = { ...calls.get(id), ...seen };
            calls.set(id, call);
            if (call.isCall && call.status !== undefined && call.carriesCookie !== undefined) resolve(call);
        };
        devtools.on("Network.requestWillBeSent", ({ requestId, request }) => {
            note(requestId, { isCall: request.method === "POST" && request.url.endsWith("/api/me/keys") });
        });
        devtools.on("Network.requestWillBeSentExtraInfo", ({ requestId, headers }) => {
            note(requestId, { carriesCookie: /__Host-/.test(headers.Cookie ?? headers.cookie ?? "") });
        });
        devtools.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode }) => note(requestId, { status: statusCode }));
        // A page that leads on at once never finishes loading.
        act().catch(() => undefined);
    });
}

// Pages that ask the site for a new key: by a form that sends itself, and by a script.
function serveForms(t, target) {
    const pages = {
        "/form": `<form method="post" enctype="text/plain" action="${target}/api/me/keys"><input name='{"name":"' value='x"}'></form>
            <script>document.forms[0].submit()</script>`,
        "/fetch": `<script>fetch("${target}/api/me/keys", { method: "POST", mode: "no-cors", credentials: "include", body: '{"name":"x"}' }).catch(() => undefined)</script>`,
    };
    const server = createServer((request, response) => {
        response.setHeader("content-type", "text/html");
        response.end(pages[request.url] ?? "");
    });
    t.after(() => server.close());
    return new Promise((resolve) => server.listen(0, () => resolve(server.address().port)));
}
