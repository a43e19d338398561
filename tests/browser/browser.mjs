// Chromium as Debian has it, one for all tests of a file, and a fresh profile for each page.

import assert from "node:assert/strict";
import { after } from "node:test";

import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const running = chromium.launch({
    executablePath: process.env.WAYSTATION_CHROMIUM ?? "/usr/bin/chromium",
    // Tests may run as root, in a container without a sandbox of its own.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
after(async () => (await running).close());

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// What a test itself asks is no fault of the page, whatever is answered.
const OF_THE_TEST = "x-asked-by-test";

// What may be refused: everything to whoever is not signed in any more, and everything before there is an owner.
export const ENDED = "GET /api/.* 401";
export const UNSET = "GET /(api/.*|app|console) 503";

// A page of a profile of its own. Its test fails when a script of it does, when it breaks the content security policy,
// writes an error, asks another origin than the site's (or one of `others`) for anything, or asks for something that it is
// refused. What somebody sends may be refused: that is an answer like others. `refusals` are what else may be, as
// `GET /api/me 401`, with regular expressions. With a `note` of its own a test hears of these at once.
export async function openPage(t, site, { others = [], refusals = [], note, ...options } = {}) {
    const context = await (await running).newContext({ locale: "en", baseURL: site.url, ...options });
    const faults = [];
    const tell = note ?? ((text) => faults.push(text));
    await context.exposeFunction("tellOfBreach", (text) => tell(text));
    await context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => window.tellOfBreach(`breaks the policy: ${violatedDirective} ${blockedURI}`));
    });
    const refuse = (request, how) => {
        const line = `${request.method()} ${new URL(request.url()).pathname} ${how}`;
        const isAsked = request.method() === "GET" && request.headers()[OF_THE_TEST] === undefined;
        if (isAsked && !refusals.some((allowed) => new RegExp(`^${allowed}$`).test(line))) tell(line);
    };
    const watch = (page) => {
        page.on("pageerror", (error) => tell(String(error)));
        page.on("console", (message) => {
            // The browser writes a line for each refused call as well; those are looked at one by one below.
            if (message.type() === "error" && !/^Failed to load resource/.test(message.text())) tell(message.text());
        });
        page.on("response", (response) => response.status() >= 400 && refuse(response.request(), response.status()));
        page.on("request", (request) => {
            const { protocol, origin } = new URL(request.url());
            const isNet = /^(http|ws)s?:$/.test(protocol);
            if (isNet && ![site.url, ...others].includes(origin)) tell(`asks ${request.url()}`);
        });
    };
    context.on("page", watch);
    t.after(async () => {
        if (process.env.WAYSTATION_SHOW) await show(context.pages());
        await context.close();
        assert.deepEqual(faults, []);
    });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    return page;
}

// For whoever looks for why a test fails: what each page showed at the end of it.
async function show(pages) {
    for (const page of pages) console.log(`--- ${page.url()}\n${await page.locator("body").ariaSnapshot()}`);
}

// What axe finds, in words; none is what a test asserts.
export async function findBarriers(page) {
    return describe(page, await new AxeBuilder({ page }).withTags(RULES).analyze());
}

// Of these, texts that stand out too little: the one thing that depends on the theme.
export async function findPaleTexts(page) {
    return describe(page, await new AxeBuilder({ page }).withRules(["color-contrast"]).analyze());
}

function describe(page, { violations }) {
    return violations.map(({ id, nodes }) => `${page.url()} ${id}: ${nodes.map(({ target }) => target.join(" ")).join(" | ")}`);
}

// Every place of a page that a secret could be left in and still has it.
export async function findTraces(page, secret) {
    const kept = await page.evaluate(async () => ({
        page: document.documentElement.outerHTML,
        fields: [...document.querySelectorAll("input, textarea")].map((field) => field.value).join("\n"),
        local: JSON.stringify({ ...localStorage }),
        session: JSON.stringify({ ...sessionStorage }),
        databases: JSON.stringify(await indexedDB.databases()),
        caches: JSON.stringify(await caches.keys()),
        cookies: document.cookie,
        history: JSON.stringify(history.state),
        address: location.href,
    }));
    return Object.entries(kept).flatMap(([place, text]) => (text.includes(secret) ? [place] : []));
}

// Asks the site's API from inside of the page, as its own scripts do; gives the status and what was answered.
export function ask(page, method, path, body, more = {}) {
    return page.evaluate(
        async ([method, path, body, more]) => {
            const headers = body === undefined ? { ...more } : { "content-type": "application/json", ...more };
            headers["x-asked-by-test"] = "yes";
            const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
            const text = await answer.text();
            return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
        },
        [method, path, body, more],
    );
}

// An authenticator inside of the browser that holds passkeys.
export async function addAuthenticator(page, { canVerify = true, verifiesUser = true, transport = "internal" } = {}) {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
        options: {
            protocol: "ctap2",
            transport,
            hasResidentKey: true,
            hasUserVerification: canVerify,
            isUserVerified: verifiesUser,
            automaticPresenceSimulation: true,
        },
    });
    return {
        // Whether it knows by finger, face or PIN who holds it.
        setVerified: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
        remove: () => devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }),
        credentials: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    };
}
