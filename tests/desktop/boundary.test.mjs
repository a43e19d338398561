// What the pages in the window can reach: the shell's own commands, known calls of paired sites, and nothing else.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { before, test } from "node:test";

import { Machine, until, wholeFile } from "./machine.mjs";
import { callApi, openRemoteShop, pair } from "./sites.mjs";

const file = wholeFile();
let machine, shop, window, connection, stranger;

before(async () => {
    [machine, shop, stranger] = await Promise.all([Machine.start(file), openRemoteShop(file), startStranger()]);
    window = await machine.open();
    connection = await pair(window, shop);
});

// A server that has no business with the app, and hears whether it is asked for anything.
async function startStranger() {
    const heard = [];
    const server = createServer((request, response) => {
        heard.push(`${request.method} ${request.url}`);
        response.writeHead(200, { "access-control-allow-origin": "*", "content-type": "text/html" }).end("<title>stranger</title>");
    });
    server.on("upgrade", (request, socket) => {
        heard.push(`upgrade ${request.url}`);
        socket.destroy();
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    file.after(() => server.close());
    return { url: `http://127.0.0.1:${server.address().port}`, heard };
}

test("the window may call the shell's own commands and no other", async () => {
    for (const command of [
        ...["plugin:app|version", "plugin:autostart|enable", "plugin:clipboard-manager|read_text", "plugin:clipboard-manager|write_text"],
        ...["plugin:deep-link|get_current", "plugin:dialog|open", "plugin:dialog|save", "plugin:event|emit", "plugin:event|emit_to"],
        ...["plugin:fs|read_file", "plugin:http|fetch", "plugin:image|new", "plugin:log|log", "plugin:menu|new", "plugin:notification|notify"],
        ...["plugin:opener|open_path", "plugin:opener|open_url", "plugin:path|resolve_directory", "plugin:process|exit"],
        ...["plugin:resources|close", "plugin:shell|execute", "plugin:shell|open", "plugin:tray|new", "plugin:updater|check"],
        ...["plugin:webview|create_webview_window", "plugin:webview|internal_toggle_devtools", "plugin:window|create", "plugin:window|close"],
        ...["plugin:window-state|save_window_state", "read_secret", "save_diagnostics_file", "", "__proto__"],
    ]) {
        const failure = await window.refusal(command, { url: stranger.url, path: "/etc/passwd", text: "x" });
        assert.match(JSON.stringify(failure), /not allowed|not found|does not exist|No such|denied/i, command);
    }
    // What is listed is answered.
    assert.equal((await window.invoke("show_app")).version, "0.1.0");
});

test("a call that is none of the site's, or is not of its form, does not leave", async () => {
    assert.equal((await callApi(window, connection, "GET", "/api/admin/models")).status, 200);
    const before = shop.front.calls.length;
    const call = { connection, method: "GET", path: "/api/me", query: [], headers: {} };
    for (const [code, changed] of [
        ["unknown_operation", { path: stranger.url }],
        ["unknown_operation", { path: `//127.0.0.1:${new URL(stranger.url).port}/api/me` }],
        ["unknown_operation", { path: "https://example.com/api/me" }],
        ["unknown_operation", { path: "/api/../metrics" }],
        ["unknown_operation", { path: "/api/admin/users/.." }],
        ["unknown_operation", { path: "/api/admin/users/%2e%2e/%2e%2e/metrics" }],
        ["unknown_operation", { path: "/api/admin/users/usr_1/../../me" }],
        ["unknown_operation", { path: "/api/me?x=1" }],
        ["unknown_operation", { path: "/api/me#x" }],
        ["unknown_operation", { path: "/v1/chat/completions", method: "POST" }],
        ["unknown_operation", { path: "/healthz" }],
        ["unknown_operation", { path: "" }],
        ["unknown_operation", { method: "get" }],
        ["unknown_operation", { method: "GET /api/me HTTP/1.1\r\nHost: example.com\r\n\r\nGET" }],
        ["unknown_operation", { path: "/api/auth/refresh", method: "POST", body: "{}" }],
        ["unknown_operation", { path: "/api/auth/login", method: "POST", body: "{}" }],
        ["unknown_operation", { path: "/api/admin/revenue/export.csv" }],
        ["malformed_call", { query: [["url", stranger.url]] }],
        ["malformed_call", { headers: { authorization: "Bearer x" } }],
        ["malformed_call", { headers: { host: "example.com" } }],
        ["malformed_call", { headers: { "x-proof": "a\r\nb: c" } }],
        ["malformed_call", { path: "/api/admin/models", method: "POST", body: "[]" }],
        ["call_too_large", { path: "/api/admin/models", method: "POST", body: `{"name":"${"a".repeat(1024 * 1024)}"}` }],
        ["unknown_connection", { connection: `con_${"0".repeat(32)}` }],
    ]) {
        const failure = await window.refusal("api", { call: { ...call, ...changed } });
        assert.equal(failure.code, code, JSON.stringify(changed).slice(0, 100));
    }
    // What has a field too many, or is no call at all, is not read.
    for (const call_ of [{ ...call, url: stranger.url }, { ...call, token: "x" }, { ...call, connection: "../x" }, { ...call, path: 1 }, null, "x"]) {
        assert.match(JSON.stringify(await window.refusal("api", { call: call_ })), /invalid args/);
    }
    assert.equal(shop.front.calls.length, before);
    assert.deepEqual(stranger.heard, []);
});

test("the page has no network", async () => {
    const outcomes = await window.wait(
        async (url, site) => {
            const socket = url.replace("http", "ws");
            const loaded = (make) =>
                new Promise((resolve) => {
                    const element = make();
                    element.onload = () => resolve("loaded");
                    element.onerror = () => resolve("refused");
                    document.head.append(element);
                });
            const tries = {
                fetch: () => fetch(`${url}/fetch`).then(() => "loaded"),
                site: () => fetch(`${site}/healthz`).then(() => "loaded"),
                noCors: () => fetch(`${url}/no-cors`, { mode: "no-cors" }).then(() => "loaded"),
                request: () =>
                    new Promise((resolve) => {
                        const request = new XMLHttpRequest();
                        request.onload = () => resolve("loaded");
                        request.onerror = () => resolve("refused");
                        request.open("GET", `${url}/xhr`);
                        request.send();
                    }),
                socket: () => new Promise((resolve) => Object.assign(new WebSocket(`${socket}/socket`), { onopen: () => resolve("loaded"), onerror: () => resolve("refused") })),
                events: () => new Promise((resolve) => Object.assign(new EventSource(`${url}/events`), { onopen: () => resolve("loaded"), onerror: () => resolve("refused") })),
                image: () => loaded(() => Object.assign(document.createElement("img"), { src: `${url}/image` })),
                script: () => loaded(() => Object.assign(document.createElement("script"), { src: `${url}/script` })),
                style: () => loaded(() => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${url}/style` })),
                module: () => import(`${url}/module`).then(() => "loaded"),
                font: () => new FontFace("x", `url(${url}/font)`).load().then(() => "loaded"),
                worker: () => new Promise((resolve) => Object.assign(new Worker(`${url}/worker`), { onmessage: () => resolve("loaded"), onerror: () => resolve("refused") })),
            };
            const outcomes = {};
            for (const [name, attempt] of Object.entries(tries)) outcomes[name] = await Promise.resolve().then(attempt).catch(() => "refused");
            navigator.sendBeacon?.(`${url}/beacon`, "x");
            for (const [name, value] of [["iframe", "src"], ["object", "data"], ["embed", "src"]]) {
                const element = document.createElement(name);
                element[value] = `${url}/${name}`;
                document.body.append(element);
            }
            const form = Object.assign(document.createElement("form"), { action: `${url}/form`, method: "post" });
            document.body.append(form);
            form.submit();
            return outcomes;
        },
        stranger.url,
        shop.front.url,
    );
    assert.deepEqual(Object.values(outcomes).filter((outcome) => outcome !== "refused"), [], JSON.stringify(outcomes));
    assert.deepEqual(stranger.heard, []);
});

test("no script runs that did not come with the app", async () => {
    const ran = await window.wait(async () => {
        const inline = Object.assign(document.createElement("script"), { textContent: "window.ranInline = true" });
        const data = Object.assign(document.createElement("script"), { src: "data:text/javascript,window.ranData = true" });
        const blob = Object.assign(document.createElement("script"), { src: URL.createObjectURL(new Blob(["window.ranBlob = true"], { type: "text/javascript" })) });
        const refused = [data, blob].map((script) => new Promise((resolve) => (script.onload = script.onerror = resolve)));
        document.body.insertAdjacentHTML("beforeend", '<img src="data:," onerror="window.ranHandler = true"><a id="hostile" href="javascript:window.ranLink = true">x</a>');
        document.body.append(inline, data, blob);
        document.getElementById("hostile").click();
        await Promise.all(refused);
        return ["ranInline", "ranData", "ranBlob", "ranHandler", "ranLink"].filter((name) => window[name]);
    });
    assert.deepEqual(ran, []);
});

test("the window stays with the app's own pages and opens no other", async () => {
    await window.run(() => (window.stayed = true));
    const goals = [`${stranger.url}/go`, "https://example.com/", "file:///etc/passwd", "data:text/html,<title>x</title>", "javascript:document.title='x'"];
    goals.push("about:blank", "tauri://example.com/", "tauri://localhost.example.com/desktop.html", "blob:null/x", "http://tauri.localhost/", "ipc://localhost/show_app");
    for (const goal of goals) {
        await window.run((goal) => {
            const link = Object.assign(document.createElement("a"), { href: goal });
            document.body.append(link);
            link.click();
            location.assign(goal);
        }, goal);
        // A navigation is asked for before a call that is made after it is answered.
        await window.invoke("show_app");
        const state = await window.run(() => ({ stayed: window.stayed, place: location.origin, title: document.title }));
        assert.deepEqual({ ...state, title: "" }, { stayed: true, place: "tauri://localhost", title: "" }, goal);
    }
    const opened = await window.run((goals) => goals.map((goal) => window.open(goal)).filter(Boolean).length, goals);
    assert.equal(opened, 0);
    assert.equal((await window.driver.getAllWindowHandles()).length, 1);
    assert.deepEqual(stranger.heard, []);
});

test("a page opens links of its sites in the browser, and no files, shares or strangers", async () => {
    for (const url of [
        ...["file:///etc/passwd", "smb://example.com/share", "javascript:alert(1)", "data:text/html,x", "vbscript:x", "ftp://example.com/"],
        ...["https://example.com/", stranger.url, "http://openai.com/", "https://platform.openai.com:444/", "https://user@localhost/", "waystation://open"],
        ...[`${shop.front.url.replace("localhost", "localhost.example.com")}/`, shop.front.url.replace("https", "http"), "https://x\n--help", "--help", "", "/etc/passwd"],
        ...[`${shop.front.url}@example.com/`, `https://example.com#${shop.front.url}`, `${shop.front.url}/ x`, "tauri://localhost/desktop.html"],
    ]) {
        assert.equal((await window.refusal("open_web_link", { url })).code, "link_refused", url);
    }
    assert.deepEqual(await machine.readOpened(), []);
    await window.invoke("open_web_link", { url: `${shop.front.url}/app/keys` });
    await until(async () => (await machine.readOpened()).length > 0, "the browser is opened");
    assert.deepEqual(await machine.readOpened(), [`${shop.front.url}/app/keys`]);
});

test("frames and other worlds inside of the page reach no command", async () => {
    const reached = await window.wait(async () => {
        const reached = [];
        for (const [name, value] of [["srcdoc", "<p>x</p>"], ["src", "data:text/html,<p>x</p>"], ["src", "about:blank"]]) {
            const frame = document.createElement("iframe");
            frame.setAttribute("sandbox", "allow-scripts");
            frame.setAttribute(name, value);
            frame.setAttribute("hidden", "");
            document.body.append(frame);
            await new Promise((resolve) => setTimeout(resolve, 100));
            try {
                if (frame.contentWindow.__TAURI_INTERNALS__) reached.push(`${name} ${value}`);
            } catch {
                // Another origin: out of reach, as it should be.
            }
        }
        // Asked without the key that the shell gives its own page.
        const forged = await fetch("ipc://localhost/list_connections", { method: "POST", body: "{}", headers: { "Tauri-Callback": "1", "Tauri-Error": "2", "Content-Type": "application/json" } });
        if (forged.headers.get("Tauri-Response") === "ok") reached.push("without the key");
        return reached;
    });
    assert.deepEqual(reached, []);
});
