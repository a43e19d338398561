// A site in use: a real server with an upstream to call, models with prices, and people with money and keys.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";

import { fillMonths } from "./months.mjs";
import { OWNER, PASSWORD, Site } from "./site.mjs";

const upstreamProgram = process.env.WAYSTATION_MOCK_BIN;

// Everybody signs in by PASSWORD. Nobody's first key is due: each was given one, or needs none.
export const PEOPLE = {
    owner: { email: OWNER, role: "owner" },
    admin: { email: "admin@example.com", role: "admin" },
    auditor: { email: "auditor@example.com", role: "auditor" },
    finance: { email: "finance@example.com", role: "finance" },
    user: { email: "user@example.com", role: "user" },
};

const MODELS = [
    { name: "gpt-5", display_name: "GPT-5", context_length: 400_000, max_output_tokens: 128_000, capabilities: ["chat", "vision", "tools"], price: { input_per_million: "1.25", output_per_million: "10", cache_read_per_million: "0.125" } },
    { name: "deepseek-chat", display_name: "DeepSeek Chat", context_length: 128_000, max_output_tokens: 8_192, capabilities: ["chat", "tools"], price: { input_per_million: "0.28", output_per_million: "0.42", cache_read_per_million: "0.028" } },
    { name: "kimi-k2", display_name: "Kimi K2", context_length: 256_000, max_output_tokens: 32_000, capabilities: ["chat", "tools"], price: { input_per_million: "0.60", output_per_million: "2.50" } },
];

export class Shop {
    // A running shop; it ends with the test. `settings` are those of the server; a `named` one is known by a name,
    // which passkeys need.
    static async start(t, { settings = {}, named = false } = {}) {
        const upstream = await Upstream.start(t);
        const site = await (named ? Site.startOwnedAndNamed(t, settings) : Site.startOwned(t, settings));
        const shop = new Shop(site, upstream);
        await shop.#open();
        return shop;
    }

    constructor(site, upstream) {
        this.site = site;
        this.upstream = upstream;
        // Ids by name, as PEOPLE and the models are named.
        this.people = {};
        this.models = {};
    }

    get url() {
        return this.site.url;
    }

    // A call of the management API as the owner, by an access token. Throws unless it is answered well.
    async ask(method, path, body) {
        const answer = await fetch(this.site.url + path, {
            method,
            headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json", "idempotency-key": randomUUID() },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
        return text === "" ? null : JSON.parse(text);
    }

    // Enters a person with a key and, if any, money; gives `{ id, email, key: { id, secret } }`.
    async addPerson({ email, role = "user", cash = "0", ...more }) {
        const person = email === OWNER ? await this.#findOwner() : await this.ask("POST", "/api/admin/users", { email, role, password: PASSWORD, ...more });
        if (Number(cash) > 0) await this.credit(person.id, cash);
        return { id: person.id, email, key: await this.addKey(person.id, { name: "Default" }) };
    }

    async credit(user, amount, more = {}) {
        await this.ask("POST", `/api/admin/users/${user}/adjustments`, { direction: "credit", amount, reason_code: "offline_payment", note: "Paid by bank transfer", ...more });
    }

    async addKey(user, form) {
        const { key, secret } = await this.ask("POST", `/api/admin/users/${user}/keys`, form);
        return { id: key.id, secret };
    }

    // A model that can be called as soon as a channel serves it; gives its id.
    async addModel({ price, ...model }) {
        const { id } = await this.ask("POST", "/api/admin/models", model);
        await this.ask("POST", `/api/admin/models/${id}/prices`, price);
        this.models[model.name] = id;
        return id;
    }

    // A channel that calls the upstream; gives its id.
    async addChannel(form) {
        const { id } = await this.ask("POST", "/api/admin/channels", {
            format: "openai",
            base_url: this.upstream.url,
            credentials: ["sk-upstream-0123456789abcdef"],
            allow_private_network: true,
            ...form,
        });
        return id;
    }

    // A chat completion with a key; gives `{ status, id, body }`, the body of a stream as text. It need not go well.
    async call(secret, { model = "gpt-5", text = "Is anybody there?", stream = false, ...more } = {}) {
        const answer = await fetch(`${this.site.url}/v1/chat/completions`, {
            method: "POST",
            headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
            body: JSON.stringify({ model, stream, ...(stream && { stream_options: { include_usage: true } }), messages: [{ role: "user", content: text }], ...more }),
        });
        const said = await answer.text();
        return { status: answer.status, id: answer.headers.get("x-request-id"), body: stream || said === "" ? said : JSON.parse(said) };
    }

    // The row of an ended call; waits until it is there.
    async settled(request) {
        const until = Date.now() + 20_000;
        for (;;) {
            const found = await this.ask("GET", `/api/admin/requests/${request}`).catch((error) => {
                if (Date.now() > until) throw error;
            });
            if (found !== undefined) return found;
            await wait(20);
        }
    }

    // Months of use: so many calls in so many days until now, and so many people beside those who call. Takes some
    // seconds; afterwards the server runs at another address, unless it is named.
    async fill(options) {
        await fillMonths(this, options);
    }

    // Signs a page in without its forms.
    async signIn(page, { email }) {
        const answer = await page.request.post(`${this.site.url}/api/auth/login`, { data: { login: email, password: PASSWORD }, headers: { origin: this.site.url } });
        if (!answer.ok()) throw new Error(`${email} cannot sign in: ${answer.status()} ${await answer.text()}`);
    }

    // Whether the books balance; throws unless they do.
    async audit() {
        return JSON.parse(await this.site.command(["ledger", "audit", "--json"]));
    }

    async #open() {
        const printed = await this.site.command(["admin", "access-token", "--email", OWNER, "--ttl", "2h", "--json"]);
        this.token = JSON.parse(printed).access_token;
        const made = Object.entries(PEOPLE).map(async ([name, person]) => {
            this.people[name] = await this.addPerson({ ...person, cash: name === "user" ? "25" : "0" });
        });
        await Promise.all([...made, ...MODELS.map((model) => this.addModel(model))]);
        this.key = this.people.user.key;
        this.channel = await this.addChannel({ name: "Main", models: MODELS.map(({ name }) => name) });
    }

    async #findOwner() {
        const { items } = await this.ask("GET", "/api/admin/users?role=owner");
        return items[0];
    }
}

// An upstream that answers what it is told to: see tests/src/mock_upstream.
class Upstream {
    static async start(t) {
        if (!upstreamProgram) throw new Error("WAYSTATION_MOCK_BIN names the upstream to call; tests/run browser sets it");
        const child = spawn(upstreamProgram, { stdio: ["ignore", "pipe", "inherit"] });
        const ended = new Promise((resolve) => child.on("close", resolve));
        t.after(() => {
            child.kill("SIGINT");
            return ended;
        });
        const upstream = new Upstream();
        // What a channel takes as its base address.
        upstream.url = await new Promise((resolve, reject) => {
            let said = "";
            child.stdout.on("data", (bytes) => {
                said += bytes;
                const found = said.match(/^listening on (\S+)\n/);
                if (found) resolve(found[1]);
            });
            child.on("close", (code) => reject(new Error(`the upstream ended with ${code}`)));
        });
        return upstream;
    }

    // From now on, calls of this model ("/models": the list of models) are answered so: see behaviour.rs.
    script(model, behaviour) {
        return this.#post("/__script", { model, behaviour });
    }

    // Answers with this status and an error as upstreams word it.
    fail(model, status, message = "scripted failure") {
        const raw_body = JSON.stringify({ error: { message, type: "server_error", code: null } });
        return this.script(model, { status, raw_body });
    }

    // What it was sent: `{ total, by_model, last }`.
    async calls() {
        return (await fetch(new URL("/__calls", this.url))).json();
    }

    // Lets calls that are gated by their script go on.
    openGate() {
        return this.#post("/__open", {});
    }

    async #post(path, body) {
        const answer = await fetch(new URL(path, this.url), { method: "POST", body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(`the upstream refuses: ${await answer.text()}`);
    }
}
