// What a site holds after months of use: people, money, calls that went well and calls that did not.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("./months.py", import.meta.url));

const TEAMS = ["research", "translation", "support", "night-batch", "search", "labs", "mobile", "documents", "quality", "sales", "data", "backoffice"];
// Tokens read, of them from the cache, and written, of them reasoning; several, so that no two calls look alike.
const SIZES = [
    [1_840, 0, 212, 0],
    [6_120, 4_096, 655, 0],
    [920, 0, 1_310, 640],
    [14_300, 9_216, 420, 128],
    [2_750, 1_024, 88, 0],
];

// Fills a shop as `Shop.fill` says.
export async function fillMonths(shop, { requests = 10_000, days = 30, people = 60 } = {}) {
    await addSupply(shop);
    const callers = await addCallers(shop);
    await addPeople(shop, people);
    await addOffice(shop);
    await callWell(shop, callers);
    await callBadly(shop, callers);
    const database = join(shop.site.environment.WAYSTATION_DATA_DIR, "waystation.sqlite");
    await shop.site.restart(() => run("python3", [PROGRAM, database, `--requests=${requests}`, `--days=${days}`]));
    // Whoever calls has been here for longer, and so has another id.
    for (const caller of [...callers, shop.people.user]) {
        const { items } = await shop.ask("GET", `/api/admin/users?q=${encodeURIComponent(caller.email)}`);
        caller.id = items.find(({ email }) => email === caller.email).id;
    }
    await settleMoney(shop, callers);
    shop.callers = callers;
}

async function addSupply(shop) {
    await shop.addModel({ name: "claude-sonnet-4.5", display_name: "Claude Sonnet 4.5", context_length: 200_000, max_output_tokens: 64_000, capabilities: ["chat", "vision", "tools"], price: { input_per_million: "3", output_per_million: "15", cache_read_per_million: "0.30", cache_write_5m_per_million: "3.75" } });
    await shop.addModel({ name: "qwen3-max", display_name: "Qwen3 Max", context_length: 256_000, max_output_tokens: 32_768, capabilities: ["chat", "tools"], price: { input_per_million: "1.20", output_per_million: "6" } });
    await shop.addModel({ name: "gemini-2.5-flash", display_name: "Gemini 2.5 Flash", context_length: 1_000_000, max_output_tokens: 65_536, capabilities: ["chat", "vision"], price: { input_per_million: "0.30", output_per_million: "2.50" } });
    // Asked first, and down: what it should have answered, Main does.
    shop.backup = await shop.addChannel({ name: "Moonshot", models: [{ name: "kimi-k2", upstream: "kimi-k2-down" }], priority: 10 });
    await shop.addChannel({ name: "Anthropic by way of Europe", models: ["claude-sonnet-4.5"] });
    // What it serves has no price yet.
    await shop.addChannel({ name: "Groq", models: ["llama-4-scout", "moonshotai/kimi-k2-instruct-0905-preview-with-a-long-name"] });
    await shop.addChannel({ name: "Qwen", models: ["qwen3-max"], active: false });
    shop.group = await shop.ask("POST", "/api/admin/model-groups", { name: "Everyday", note: "What everybody may use without asking.", models: ["deepseek-chat", "kimi-k2"] });
    await shop.ask("POST", "/api/admin/model-groups", { name: "Flagship", models: ["gpt-5", "claude-sonnet-4.5"] });
}

// Those who call: several credits each, and several keys.
async function addCallers(shop) {
    const { id, email, key } = shop.people.user;
    const main = { id, email, keys: [key, await shop.addKey(id, { name: "Laptop" }), await shop.addKey(id, { name: "Translation pipeline", show_cost: true })] };
    const others = await Promise.all(
        TEAMS.map(async (team) => {
            const person = await shop.addPerson({ email: `${team}@example.com`, display_name: title(team) });
            return { ...person, keys: [person.key] };
        }),
    );
    for (const [number, caller] of [main, ...others].entries()) {
        await shop.credit(caller.id, "400");
        for (let more = 0; more < number % 4; more++) await shop.credit(caller.id, "20", { note: "Monthly transfer" });
    }
    // As much as months of it need: the calls to be copied are those that a gift paid.
    await shop.credit(others[1].id, "150", { account: "gift", reason_code: "promotion", note: "Founding customer" });
    return [main, ...others];
}

async function addPeople(shop, count) {
    for (let begun = 0; begun < count; begun += 10) {
        const made = Array.from({ length: Math.min(10, count - begun) }, (_, number) => {
            const team = TEAMS[number % TEAMS.length];
            const name = `${team}-${String(begun + number + 1).padStart(3, "0")}`;
            return shop.ask("POST", "/api/admin/users", { email: `${name}@example.com`, display_name: title(name) });
        });
        await Promise.all(made);
    }
}

async function addOffice(shop) {
    await shop.ask("PATCH", "/api/admin/settings", { values: { "auth.registration": "open", "site.public_models": "true" } });
    await shop.ask("POST", "/api/admin/notices", {
        level: "warning",
        title: { en: "Kimi K2 answers slowly", "zh-CN": "Kimi K2 响应较慢" },
        text: { en: "Its provider has trouble. Calls go by another way and take longer.", "zh-CN": "供应商出现故障，请求已改走其他线路，耗时会变长。" },
    });
    await shop.ask("POST", "/api/admin/notices", { title: { en: "Maintenance on Sunday", "zh-CN": "周日维护" }, text: { en: "From 02:00 to 02:15 UTC.", "zh-CN": "UTC 时间 02:00 至 02:15。" }, audience: "admins" });
    for (const email of ["press@example.com", null]) await shop.ask("POST", "/api/admin/invites", { email });
}

// The calls of which months are made. The upstream counts what the site could be asked for by their length.
async function callWell(shop, callers) {
    const models = ["gpt-5", "deepseek-chat", "kimi-k2", "claude-sonnet-4.5"];
    await shop.upstream.fail("kimi-k2-down", 503, "the model is overloaded");
    for (const [number, [read, cached, written, reasoning]] of SIZES.entries()) {
        const usage = {
            prompt_tokens: read,
            completion_tokens: written,
            total_tokens: read + written,
            prompt_tokens_details: { cached_tokens: cached },
            completion_tokens_details: { reasoning_tokens: reasoning },
        };
        await Promise.all(models.map((model) => shop.upstream.script(model, { usage })));
        const text = "Translate this. ".repeat(read / 4);
        await Promise.all(
            callers.flatMap(({ keys }, caller) =>
                keys.map(async (key, which) => {
                    // Each caller has a favourite.
                    const model = models[[0, 0, 1, 2, 3, 1, 0][(caller + number + which) % 7]];
                    const { id, status } = await shop.call(key.secret, { model, text, stream: number % 2 === 0, max_tokens: 4_096 });
                    if (status !== 200) throw new Error(`a call of ${model} was answered by ${status}`);
                    await shop.settled(id);
                }),
            ),
        );
    }
}

// One of each way in which a call ends otherwise, for three callers.
async function callBadly(shop, callers) {
    await shop.upstream.fail("gpt-5", 400, "messages.0.content is too long");
    await shop.upstream.script("deepseek-chat", { cut_after: 3 });
    await shop.upstream.fail("kimi-k2", 503, "the model is overloaded");
    await shop.upstream.script("claude-sonnet-4.5", { piece_delay_ms: 400 });
    const call = async (secret, form) => shop.settled((await shop.call(secret, form)).id);
    await Promise.all(
        callers.slice(0, 3).flatMap(({ keys: [{ secret }] }) => [
            call(secret, { model: "gpt-5" }),
            call(secret, { model: "kimi-k2" }),
            leave(shop, secret, "deepseek-chat"),
            leave(shop, secret, "claude-sonnet-4.5", new AbortController()),
        ]),
    );
}

// A stream that ends before its end: the upstream breaks it off, or the caller does.
async function leave(shop, secret, model, controller) {
    const answer = await fetch(`${shop.url}/v1/chat/completions`, {
        method: "POST",
        signal: controller?.signal,
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Write a story." }] }),
    });
    const reader = answer.body.getReader();
    await reader.read();
    controller?.abort();
    // Whatever else comes of it is not looked at.
    for (;;) if ((await reader.read().catch(() => ({ done: true }))).done) break;
    await shop.settled(answer.headers.get("x-request-id"));
}

// One caller has hardly anything left; nobody has an odd sum.
async function settleMoney(shop, callers) {
    const poor = callers[4];
    const { balance } = await shop.ask("GET", `/api/admin/users/${poor.id}`);
    const amount = (Number(balance.available) - 0.42).toFixed(2);
    await shop.credit(callers[0].id, "5", { account: "gift", reason_code: "promotion", note: "Thank you" });
    await shop.credit(poor.id, amount, { direction: "debit", reason_code: "correction", note: "Paid twice" });
}

function title(name) {
    return name.replaceAll("-", " ").replace(/^./, (letter) => letter.toUpperCase());
}

async function run(program, words) {
    const child = spawn(program, words, { stdio: ["ignore", "inherit", "inherit"] });
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
}
