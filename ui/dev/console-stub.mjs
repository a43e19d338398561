// The stub server's routes of channels, the catalogue, all calls, figures and a person's books. Times are fixed and
// numbers follow from their place, so that pictures stay comparable.
import { NOW } from "./data.mjs";
import * as portal from "./portal-data.mjs";

const HOUR = 3_600_000;
const ago = (hours) => new Date(NOW - hours * HOUR).toISOString();
const id = (prefix, number) => `${prefix}_06ft3r5yx1v2k4m7q9s0t5${String(number).padStart(4, "0")}`;

const preset = (name, title, title_zh, base_url, more = {}) => ({
  name, title, title_zh, format: "openai", base_url, docs_url: null, keys_url: base_url && "https://keys.example.com/", needs_credential: true, allow_private_network: false, models: [], ...more,
});
const PRESETS = [
  preset("openai", "OpenAI", "OpenAI", "https://api.openai.com/v1"),
  preset("deepseek", "DeepSeek", "DeepSeek 深度求索", "https://api.deepseek.com/v1", { models: ["deepseek-chat", "deepseek-reasoner"] }),
  preset("moonshot", "Moonshot", "月之暗面", "https://api.moonshot.cn/v1"),
  preset("qwen", "Qwen", "通义千问", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
  preset("zhipu", "Zhipu", "智谱", "https://open.bigmodel.cn/api/paas/v4"),
  preset("openrouter", "OpenRouter", "OpenRouter", "https://openrouter.ai/api/v1"),
  preset("ollama", "Ollama", "Ollama", "http://127.0.0.1:11434/v1", { needs_credential: false, allow_private_network: true }),
  preset("custom", "Another", "自定义", null),
];

const test = (ok, hours, code = null) => ({ at: ago(hours), ok, code, model: "demo-large", first_byte_ms: ok ? 312 : null, latency_ms: ok ? 840 : 15_000 });
const channel = (number, name, base_url, more = {}) => ({
  id: id("chn", number), name, format: "openai", base_url, active: true, allow_private_network: false, on_disconnect: "drain", priority: 0, weight: 1,
  models: ["demo-large", "demo-small"].map((model) => ({ name: model, upstream: model })),
  credentials: [{ id: id("crd", number), preview: "sk-…9f2a", active: true, created_at: ago(800) }], last_test: test(true, 2), created_at: ago(900), updated_at: ago(20), ...more,
});
const channels = () => [
  channel(1, "Main", "https://api.example.com/v1", { priority: 10, credentials: [1, 2].map((number) => ({ id: id("crd", number), preview: `sk-…9f2${number}`, active: true, created_at: ago(800 - number) })) }),
  channel(2, "Reserve in the other region with a rather long name", "https://eu.example.net/v1", { last_test: test(false, 0.4, "credential_refused"), models: [{ name: "demo-large", upstream: "vendor/demo-large-2026-11" }] }),
  channel(3, "机房自建", "http://10.0.0.8:8000/v1", { allow_private_network: true, last_test: null, credentials: [], models: Array.from({ length: 40 }, (_, place) => ({ name: `local-${place}`, upstream: `local-${place}` })) }),
  channel(4, "Trial account", "https://trial.example.org/v1", { active: false }),
];

const LISTED = portal.models();
const models = () => [
  ...LISTED.map((one, place) => ({
    id: id("mdl", place), name: one.name, display_name: one.display_name, active: true, capabilities: one.capabilities, context_length: one.context_length, max_output_tokens: one.max_output_tokens,
    default_output_tokens: 8_192, first_byte_ms: null, output_cap_parameter: "max_completion_tokens", created_at: ago(900 - place), updated_at: ago(40),
  })),
  { id: id("mdl", 8), name: "unpriced", display_name: "Unpriced", active: true, capabilities: [], context_length: null, max_output_tokens: null, default_output_tokens: 8_192, first_byte_ms: null, output_cap_parameter: "max_tokens", created_at: ago(2), updated_at: ago(2) },
  { id: id("mdl", 9), name: "retired", display_name: "Retired", active: false, capabilities: ["chat"], context_length: 8_192, max_output_tokens: 2_048, default_output_tokens: 1_024, first_byte_ms: null, output_cap_parameter: "max_tokens", created_at: ago(990), updated_at: ago(90) },
];
const prices = (model) => {
  const price = LISTED.find(({ name }) => name === model.name)?.price;
  if (price === undefined) return [];
  const version = (number, hours, more) => ({ ...price, id: id("prc", number), model_id: model.id, created_at: ago(hours + 1), created_by: id("usr", 0), created_by_email: "owner@example.org", effective_until: null, is_current: false, changes: [], effective_at: ago(hours), ...more });
  return [
    version(3, -240, { changes: [{ field: "input_per_million", before: price.input_per_million, after: "1.10" }] }),
    version(2, 300, { is_current: true, changes: [{ field: "input_per_million", before: "2.50", after: price.input_per_million }, { field: "cache_read_per_million", before: null, after: "0.125" }] }),
    version(1, 900, { created_by: null, created_by_email: null }),
  ];
};

const PEOPLE = ["research", "support-bot", "classroom"];
const calls = () =>
  portal.calls().map((call, place) => {
    const channel_name = ["Main", "机房自建"][place % 2];
    const start = Date.parse(call.started_at);
    const attempt = (number, name, from, duration_ms, error_code) => ({
      id: id("att", place * 10 + number), number, channel_id: id("chn", number), channel_name: name, credential_id: null, upstream_model: call.model, started_at: new Date(start + from).toISOString(),
      duration_ms, first_byte_ms: null, status_code: error_code === null ? 200 : 503, error_code, error_text: error_code === null ? null : "The upstream is overloaded.",
    });
    const first = Math.round(call.duration_ms / 3);
    const attempts = place % 4 === 0 ? [attempt(1, "Reserve", 3, first, "server_error"), attempt(2, channel_name, first + 4, call.duration_ms - first - 4, null)] : [attempt(1, channel_name, 3, call.duration_ms - 3, call.error_code ?? null)];
    return { ...call, user_email: `${PEOPLE[place % 3]}@example.org`, channel_id: id("chn", (place % 2) + 1), channel_name, operator_loss: "0", attempts, attempt_count: attempts.length };
  });

const GROUPS = [
  ["upstream_error", "provider_failed", "failed", 502, "demo-large", 1, 31, 4],
  ["rate_limit_exceeded", "provider_busy", "failed", 429, "paper-crane", 2, 12, 2],
  ["invalid_request", "prompt_too_long", "failed", 400, "demo-small", null, 5, 1],
  [null, "server_lost", "lost", 500, "demo-large", 1, 1, 1],
];
const errors = () =>
  GROUPS.map(([error_code, cause, status, status_code, model, number, count, users], place) => ({
    error_code, cause, status, status_code, model, channel_id: number && id("chn", number), channel_name: number && channels()[number - 1].name, count, users,
    first_seen_at: ago(20 - place), last_seen_at: ago(0.2 + place * 2), example_request_id: portal.calls()[4].id,
  }));

const figures = (requests, errors, charged) => ({
  from: ago(24), until: ago(0), requests, succeeded: requests - errors - 3, errors, cancelled: 3, success_ppm: requests === 0 ? null : Math.round(((requests - errors) / requests) * 1e6),
  input_tokens: requests * 4_100, output_tokens: requests * 620, active_users: 5, first_byte_ms: { p50: requests === 0 ? null : 310, p95: requests === 0 ? null : 1_240, sampled: requests }, charged, list_cost: charged,
});
const sums = (place) => ({
  requests: 900 + place * 37, errors: place % 7, input_tokens: 3_000_000 + place * 9_000, output_tokens: 400_000 + place * 1_000, charged: `${(12 + ((place * 7) % 11)).toFixed(2)}`, gift_paid: "1.20",
  list_cost: `${(14 + ((place * 7) % 11)).toFixed(2)}`, granted: "1.50", operator_loss: "0.50", upstream_cost: null, margin: null,
});
const ZERO = { requests: 0, errors: 0, input_tokens: 0, output_tokens: 0, charged: "0", gift_paid: "0", list_cost: "0", granted: "0", operator_loss: "0", upstream_cost: null, margin: null };
const revenue = (query, isEmpty) => {
  const by = query.get("by") ?? "day";
  const items = Array.from({ length: by === "day" ? 30 : 12 }, (_, place) => {
    const at = by === "day" ? new Date(NOW - (29 - place) * 24 * HOUR) : new Date(Date.UTC(2025, 11 + place, 1));
    return { at: at.toISOString(), period: at.toISOString().slice(0, by === "day" ? 10 : 7), ...(isEmpty ? ZERO : sums(place)) };
  });
  return { from: items[0].at, until: ago(0), time_zone: "Asia/Shanghai", by, currency: "USD", items, total: isEmpty ? ZERO : { ...sums(9), requests: 43_086, charged: "512.40", list_cost: "572.40", gift_paid: "36.00", granted: "45.00", operator_loss: "15.00" }, next_cursor: null };
};
const parts = (query) => {
  const group_by = query.get("group_by") ?? "model";
  const named = group_by === "model" ? LISTED.slice(0, 5).map(({ name }) => ({ model: name })) : [{ channel_id: id("chn", 1), channel_name: "Main" }, { channel_id: id("chn", 7) }, {}];
  const items = named.map((one, place) => ({ ...one, ...sums(place), list_cost: `${(280 / 2 ** place).toFixed(2)}` }));
  return { from: query.get("start_date"), until: query.get("end_date"), time_zone: "Asia/Shanghai", group_by, currency: "USD", items, rest: group_by === "model" ? { parts: 3, ...sums(6), list_cost: "12.40" } : null, total: { ...sums(9), list_cost: "572.40" }, next_cursor: null };
};
const checked = (kind, first_finding) => ({ kind, status: first_finding === null ? "ok" : "failing", checked_at: ago(0.4), whole_checked_at: ago(9), findings: first_finding === null ? 0 : 3, first_finding });
const audits = (isWell) => [
  checked("ledger", isWell ? null : { code: "account_sum", subject: id("acc", 3), message: "The sum of an account is not that of its transfers." }),
  checked("audit_log", null),
];

const setting = (name, value, origin, more = {}) => ({
  name, value, is_set: value !== null, is_secret: false, default: null, origin, origin_detail: null, kind: "text", choices: null, description: "What it is for, in a sentence.", is_editable: origin === "default" || origin === "database",
  locked_by: ["file", "environment", "flag"].includes(origin) ? origin : null, updated_at: null, ...more,
});
const settings = () => [
  setting("site.name", "Waystation", "default", { default: "Waystation", description: "What people call the site." }),
  setting("site.public_models", "true", "database", { kind: "boolean", default: "false", description: "Whether strangers see the models and prices." }),
  setting("auth.registration", "invite", "environment", { kind: "choice", choices: ["open", "invite", "closed"], origin_detail: "WAYSTATION_AUTH_REGISTRATION", description: "Who may register." }),
  setting("auth.sign_up_gift", "0.50", "file", { kind: "amount", origin_detail: "/etc/waystation/waystation.toml", description: "What a new user is given." }),
  setting("mail.password", null, "environment", { is_set: true, is_secret: true, origin_detail: "WAYSTATION_MAIL_PASSWORD", description: "The mail server's password." }),
  setting("server.listen", "127.0.0.1:8787", "default", { is_editable: false, default: "127.0.0.1:8787", description: "Where the server listens." }),
];

const used = (requests, charged) => ({
  requests, errors: Math.round(requests / 40), input_tokens: requests * 4_100, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: requests * 620, reasoning_tokens: 0, cost: charged, charged,
});
const userStatistics = (user_id, isEmpty) => ({
  user_id, balance: { available: "318.42", pending: "0.12", currency: "USD" }, last_request_at: isEmpty ? null : ago(0.3), day: used(isEmpty ? 0 : 61, "0.412500000"), month: used(isEmpty ? 0 : 1_840, "24.310250000"),
  models: isEmpty ? [] : LISTED.slice(0, 4).map(({ name }, place) => ({ model: name, ...used(900 >> place, `${12 / 2 ** place}`) })),
  keys: isEmpty ? [] : ["laptop", "Nightly evaluation", null].map((name, place) => ({ key_id: id("key", place), name, preview: "sk-Ab12…wxyz", ...used(900 >> place, `${12 / 2 ** place}`) })),
  errors: isEmpty ? [] : [{ error_code: "upstream_error", requests: 31 }, { error_code: "rate_limit_exceeded", requests: 12 }, { error_code: null, requests: 1 }],
});
const held = (kind, unit, accounts, available, pending, posted) => ({ kind, unit, accounts, available, pending, posted });
const moved = (direction, account, unit, reason_code, count, amount) => ({ direction, account, unit, reason_code, count, amount });
const billing = (isEmpty) => ({
  from: ago(720), until: ago(0), time_zone: "Asia/Shanghai",
  balances: isEmpty ? [] : [held("cash", "usd", 212, "4120.250000000", "1.412000000", "4121.662000000"), held("gift", "usd", 96, "48.000000000", "0", "48"), held("grant", "tokens", 12, "1200000", "4000", "1204000")],
  holds: { open: isEmpty ? 0 : 14, amount: isEmpty ? "0" : "1.412000000", oldest_at: isEmpty ? null : ago(0.01) },
  movements: isEmpty ? [] : [moved("credit", "cash", "usd", "offline_payment", 41, "2050.00"), moved("credit", "gift", "usd", "sign_up_gift", 36, "18.00"), moved("debit", "cash", "usd", "correction", 2, "7.25"), moved("credit", "grant", "tokens", "grant", 3, "300000")],
  calls: { ...used(isEmpty ? 0 : 43_086, isEmpty ? "0" : "512.40"), gift_paid: "36.00", granted: "45.00", operator_loss: "15.00" },
});

const PERMISSIONS = [
  "users.read", "users.write", "keys.read", "keys.write", "ledger.read", "ledger.write", "models.read", "models.write", "channels.read", "channels.write", "requests.read", "stats.read",
  "revenue.read", "audit.read", "settings.read", "settings.write",
];
const READS = PERMISSIONS.filter((permission) => permission.endsWith(".read"));
const roles = () => ({
  items: [
    { role: "owner", permissions: PERMISSIONS, people: 1 },
    { role: "admin", permissions: PERMISSIONS, people: 2 },
    { role: "operator", permissions: ["models.read", "models.write", "channels.read", "channels.write", "requests.read", "stats.read"], people: 1 },
    { role: "finance", permissions: ["users.read", "ledger.read", "ledger.write", "stats.read", "revenue.read"], people: 1 },
    { role: "auditor", permissions: READS, people: 1 },
    { role: "user", permissions: [], people: 1_204 },
  ],
  permissions: PERMISSIONS,
});

let kept = channels();
let catalog = models();
export function resetConsole() {
  kept = channels();
  catalog = models();
}

const named = (query) => {
  const sought = (query.get("q") ?? "").toLowerCase();
  return ({ name, base_url = "", display_name = "" }) => `${name} ${base_url} ${display_name}`.toLowerCase().includes(sought);
};

/** Makes the routes from what the stub server has for all of them. */
export function consoleRoutes({ state, page, find, fail, proven, seen }) {
  const fetched = ({ body, request }) => {
    if (body.credential !== undefined) seen(request);
    if (body.credential === "sk-wrong") return { ok: false, status: 401, code: "credential_refused", message: "invalid_api_key: Incorrect API key provided", latency_ms: 211, models: [], is_truncated: false };
    const names = ["demo-large", "demo-small", "demo-vision", "demo-embedding"];
    return { ok: true, status: 200, code: null, message: null, latency_ms: 410, models: names.map((upstream, place) => ({ upstream, is_known: place < 2 })), is_truncated: false };
  };
  return {
    "GET /api/admin/channel-presets": () => ({ items: PRESETS, next_cursor: null }),
    "GET /api/admin/channels": ({ query }) => page(kept.filter(named(query)), query),
    "POST /api/admin/channels": ({ body, request }) => {
      if (body.credentials.length > 0) proven(request);
      const made = channel(kept.length + 1, body.name, body.base_url ?? "", { last_test: null });
      kept.unshift(made);
      return made;
    },
    "POST /api/admin/channels/fetch-models": fetched,
    "POST /api/admin/channels/test": ({ body, request }) => {
      if (body.credential !== undefined) seen(request);
      return body.credential === "sk-wrong"
        ? { ok: false, status: 401, code: "credential_refused", message: "invalid_api_key: Incorrect API key provided", first_byte_ms: 210, latency_ms: 211 }
        : { ok: true, status: 200, code: null, message: null, first_byte_ms: 312, latency_ms: 840 };
    },
    "GET /api/admin/channels/:id": ({ path }) => find(kept, path.id),
    "PATCH /api/admin/channels/:id": ({ path, body }) => Object.assign(find(kept, path.id), body),
    "DELETE /api/admin/channels/:id": ({ path }) => void (kept = kept.filter((one) => one.id !== path.id)),
    "POST /api/admin/channels/:id/test": ({ path }) => {
      const one = find(kept, path.id);
      const results = one.credentials.map(({ id: credential_id }, place) => ({
        credential_id, model: one.models[0].name, ok: place === 0, status: place === 0 ? 200 : 429, code: place === 0 ? null : "no_credit", message: place === 0 ? null : "You exceeded your current quota.", first_byte_ms: 312, latency_ms: 840,
      }));
      return { results, channel: one };
    },
    "POST /api/admin/channels/:id/sync-models": ({ path, body }) => {
      const one = find(kept, path.id);
      return {
        ok: true, status: 200, code: null, message: null, latency_ms: 410, is_truncated: false, new: [{ upstream: "demo-vision", is_known: false }, { upstream: "paper-crane", is_known: true }], gone: [one.models[0]],
        known: one.models.slice(1), added: body.add ?? [], removed: body.remove ?? [], channel: one,
      };
    },
    "POST /api/admin/channels/:id/credentials": ({ path, request }) => {
      proven(request);
      const credential = { id: id("crd", 90), preview: "sk-…new1", active: true, created_at: ago(0) };
      find(kept, path.id).credentials.push(credential);
      return credential;
    },
    "DELETE /api/admin/channels/:id/credentials/:credential": ({ path }) => {
      const one = find(kept, path.id);
      one.credentials = one.credentials.filter((credential) => credential.id !== path.credential);
    },
    "GET /api/admin/models": ({ query }) => page(catalog.filter(named(query)), query),
    "POST /api/admin/models": ({ body }) => {
      const made = { ...models()[0], ...body, id: id("mdl", 50 + catalog.length), display_name: body.display_name ?? body.name };
      catalog.unshift(made);
      return made;
    },
    "GET /api/admin/models/unpriced": () => ({
      items: ["demo-embedding", "demo-vision-with-a-long-name-2026-11-01"].map((name) => ({ name, model_id: null, channels: kept.slice(0, 2).map(({ id: channel, name: title }) => ({ id: channel, name: title })) })), next_cursor: null,
    }),
    "GET /api/admin/models/:id": ({ path }) => find(catalog, path.id),
    "PATCH /api/admin/models/:id": ({ path, body }) => Object.assign(find(catalog, path.id), body),
    "GET /api/admin/models/:id/prices": ({ path, query }) => page(prices(find(catalog, path.id)), query),
    "POST /api/admin/models/:id/prices": ({ path, body }) => ({ ...prices(find(catalog, path.id))[1], ...body }),
    "GET /api/admin/requests": ({ query }) =>
      page(calls().filter((call) => (query.get("model") === null || call.model === query.get("model")) && (query.get("status") === null || call.status === query.get("status") || (query.get("status") === "error" && ["failed", "interrupted", "lost"].includes(call.status)))).map(portal.listedCall), query),
    "GET /api/admin/requests/:id": ({ path }) => find(calls(), path.id),
    "GET /api/admin/errors": () => ({ from: ago(24), until: ago(0), items: state().empty ? [] : errors(), is_truncated: false, next_cursor: null }),
    "GET /api/admin/stats/overview": () => ({
      now: figures(state().empty ? 0 : 1_842, state().empty ? 0 : 37, "52.310250000"), before: figures(1_655, 12, "47.9"),
      failing_channels: state().empty ? [] : [{ channel_id: id("chn", 2), name: channels()[1].name, attempts: 40, failures: 31, last_error_code: "server_error", last_status_code: 503, last_failed_at: ago(0.1) }],
      low_balance: { threshold: "1.00", users: state().empty ? 0 : 3 },
      audits: audits(state().empty),
    }),
    "GET /api/admin/stats/users/:id": ({ path }) => userStatistics(path.id, state().empty),
    "GET /api/admin/stats/billing": () => billing(state().empty),
    "GET /api/admin/roles": roles,
    "GET /api/admin/notices": ({ query }) => page(portal.notices().map((notice, place) => ({ ...notice, audience: place === 0 ? "all" : "admins", created_at: ago(40) })), query),
    "POST /api/admin/notices": ({ body }) => ({ id: id("ntc", 9), ...body, created_at: ago(0), updated_at: ago(0) }),
    "PATCH /api/admin/notices/:id": ({ path, body }) => ({ ...portal.notices()[0], id: path.id, ...body }),
    "DELETE /api/admin/notices/:id": () => undefined,
    "GET /api/admin/model-groups": ({ query }) => page([{ id: id("mgr", 1), name: "Flagship", note: "For the research teams", models: catalog.slice(0, 3).map((one) => ({ id: one.id, name: one.name })), created_at: ago(90), updated_at: ago(9) }], query),
    "POST /api/admin/model-groups": ({ body }) => ({ id: id("mgr", 2), ...body, models: [], created_at: ago(0), updated_at: ago(0) }),
    "GET /api/admin/settings": () => ({ items: settings(), next_cursor: null }),
    "PATCH /api/admin/settings": ({ body }) => ({ items: settings().map((one) => (one.name in body.values ? { ...one, value: body.values[one.name] ?? one.default } : one)), next_cursor: null }),
    "GET /api/admin/revenue": ({ query }) => revenue(query, state().empty),
    "GET /api/admin/revenue/export.csv": () => "\uFEFFperiod,requests\r\n2026-11,12\r\n",
    "GET /api/admin/usage": ({ query }) => parts(query),
    "GET /api/admin/usage/export.csv": () => "\uFEFFmodel,requests\r\nsmall,12\r\n",
    "GET /api/admin/users/:id/balance": ({ path }) => ({ ...find(state().people, path.id).balance, accounts: state().empty ? [] : portal.accounts() }),
    "GET /api/admin/users/:id/ledger": ({ query }) => page(portal.transfers().slice(0, 6), query),
    "POST /api/admin/users/:id/adjustments": ({ path, body }) => {
      if (body.amount === "999999") fail("insufficient_balance");
      return { id: id("adj", 1), user_id: path.id, ...body, currency: "USD", before: "318.42", after: "368.42", transfer_id: id("xfr", 1), created_at: ago(0) };
    },
  };
}
