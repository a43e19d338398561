// What the stub server knows of models, keys, calls and the books. Times are fixed and numbers follow from their place,
// so that pictures stay comparable.
import { NOW } from "./data.mjs";

const HOUR = 3_600_000;
const ago = (hours) => new Date(NOW - hours * HOUR).toISOString();
const ahead = (hours) => ago(-hours);
const id = (prefix, number) => `${prefix}_06ft3r5yx1v2k4m7q9s0t3${String(number).padStart(4, "0")}`;
/** A number below `below` that looks like chance and is always the same. */
const chance = (seed, below) => (Math.imul(seed + 7, 2_654_435_761) >>> 8) % below;
const usd = (nanos) => `${nanos < 0n ? "-" : ""}${String(nanos < 0n ? -nanos : nanos).padStart(10, "0").replace(/(\d{9})$/, ".$1")}`;
const nanos = (text) => BigInt(text.split(".")[0] + (text.split(".")[1] ?? "").padEnd(9, "0"));

export const SITE = {
  name: "Waystation", base_url: "https://ai.example.com", version: "0.1.0", languages: ["en", "zh-CN"], locale: "en", currency: "USD", time_zone: "Asia/Shanghai",
  demo: false, has_public_models: true, low_balance: "1",
};

const price = (input, output, more = {}) => ({
  input_per_million: input, output_per_million: output, reasoning_per_million: null, cache_read_per_million: null, cache_write_5m_per_million: null,
  cache_write_30m_per_million: null, cache_write_1h_per_million: null, cache_write_12h_per_million: null, audio_input_per_million: null,
  audio_output_per_million: null, image_input_per_million: null, image_output_per_million: null, per_request: "0", effective_at: ago(900), ...more,
});
const model = (name, display_name, context_length, capabilities, itsPrice, more = {}) => ({
  name, display_name, context_length, max_output_tokens: context_length === null ? null : context_length / 4, capabilities, is_served: true, price: itsPrice, next_price: null, ...more,
});
export const models = () => [
  model("demo-large", "Demo Large", 400_000, ["chat", "reasoning", "tools", "vision"], price("1.25", "10", { cache_read_per_million: "0.125", reasoning_per_million: "10" }), {
    next_price: price("1.10", "9", { cache_read_per_million: "0.11", reasoning_per_million: "9", effective_at: ahead(240) }),
  }),
  model("demo-small", "Demo Small", 128_000, ["chat", "tools"], price("0.15", "0.60", { cache_read_per_million: "0.015" })),
  model("lantern/mini-instruct-2026-11-with-a-rather-long-name", "Lantern Mini", 32_768, ["chat"], price("0.000215", "0.0008")),
  model("paper-crane", "纸鹤", 200_000, ["chat", "vision", "web_search"], price("3", "15", { cache_read_per_million: "0.30", cache_write_5m_per_million: "3.75", cache_write_1h_per_million: "6" })),
  model("river-stone", "River Stone", null, ["chat"], price("0.50", "1.50", { per_request: "0.001" }), { is_served: false }),
];

export const keys = () => {
  const key = (number, name, preview, more = {}) => ({
    id: id("key", number), name, preview, status: "active", created_at: ago(700 - number * 90), expires_at: null, allowed_models: null, allowed_ips: null,
    budgets: { day: null, month: null, total: null }, output_cap: null, show_cost: false, ...more,
  });
  return [
    key(1, "Laptop", "sk-Ab12…wxyz"),
    key(2, "Nightly translation of the documentation", "sk-Qr77…0mNp", { budgets: { day: "5", month: "100", total: null }, allowed_models: ["demo-small", "paper-crane"], expires_at: ahead(2_000) }),
    key(3, "教室机房", "sk-Zz09…kLm3", { status: "disabled", allowed_ips: ["203.0.113.0/24", "2001:db8::/32"], output_cap: 2_048 }),
    key(4, "Old phone", "sk-Pp31…aaQ8", { expires_at: ago(30) }),
    key(5, "Leaked in a screenshot", "sk-Tt55…9xYz", { status: "revoked" }),
  ];
};
export const NEW_SECRET = "sk-Nw48Tq2LmXv7KdPw9RsY3nBc6JhUe1Fa";

const CAUSES = [
  { status: "failed", status_code: 502, error_code: "upstream_error", cause: "provider_failed" },
  { status: "interrupted", status_code: 200, error_code: "upstream_error", cause: "answer_broke_off" },
  { status: "cancelled", status_code: 200, error_code: null, cause: "caller_left" },
  { status: "failed", status_code: 400, error_code: "invalid_request", cause: "prompt_too_long" },
  { status: "lost", status_code: 500, error_code: null, cause: "server_lost" },
];

export function calls() {
  const all = models();
  return Array.from({ length: 57 }, (_, place) => {
    const one = all[chance(place, 4)];
    const failure = place % 9 === 4 ? CAUSES[((place - 4) / 9) % CAUSES.length] : undefined;
    const input = failure?.status === "failed" ? 0 : 40 + chance(place * 3, 9_000);
    const cached = place % 3 === 0 ? Math.floor(input / 2) : 0;
    const output = failure?.status === "failed" ? 0 : 10 + chance(place * 5, 2_400);
    const line = (kind, tokens, rate) => ({ kind, tokens, per_million: rate, amount: usd((BigInt(tokens) * nanos(rate) + 999_999n) / 1_000_000n) });
    const price_lines = [
      ...(input > cached ? [line("input", input - cached, one.price.input_per_million)] : []),
      ...(cached > 0 ? [line("cache_read", cached, one.price.cache_read_per_million ?? one.price.input_per_million)] : []),
      ...(output > 0 ? [line("output", output, one.price.output_per_million)] : []),
    ];
    const cost = usd(price_lines.reduce((sum, { amount }) => sum + nanos(amount), 0n));
    const first_byte_ms = failure?.status === "failed" ? null : 180 + chance(place * 11, 1_400);
    const duration_ms = (first_byte_ms ?? 300) + 400 + chance(place * 13, 30_000);
    const started = place * 2.63 + 0.1;
    return {
      id: id("req", 900 - place), user_id: "usr_06ft3r5yx1v2k4m7q9s0t20005", key_id: id("key", 1 + chance(place * 17, 3)), model: one.name, model_served: one.name,
      route: "/v1/chat/completions", stream: place % 4 !== 0, status: "ok", status_code: 200, error_code: null, cause: null, ...failure,
      usage: { input_tokens: input, output_tokens: output, tokens: { ...(input > cached ? { input: input - cached } : {}), ...(cached > 0 ? { cache_read: cached } : {}), ...(output > 0 ? { output } : {}) }, source: failure?.status === "interrupted" ? "estimated" : "reported" },
      cost, charged: place % 7 === 5 ? "0" : cost, price_version_id: id("prv", 3), multiplier_ppm: place % 10 === 1 ? 1_500_000 : 1_000_000, output_cap: 4_096, attempt_count: place % 8 === 2 ? 2 : 1,
      first_byte_ms, duration_ms, client_ip: place % 5 === 0 ? "2001:db8:85a3::8a2e:370:7334" : "203.0.113.5", user_agent: place % 2 === 0 ? "OpenAI/Python 2.8.0" : "curl/8.14.1",
      started_at: ago(started), ended_at: ago(started - duration_ms / HOUR),
      sources: place % 7 === 5 ? [{ account_id: id("acc", 3), unit: "tokens", amount: String(input + output), list_value: cost }] : [{ account_id: id("acc", 1), unit: "usd", amount: cost, list_value: cost }],
      price_lines, is_priced_by_lines: failure?.status !== "interrupted" && failure?.status !== "lost",
      timeline: {
        queue_ms: 3 + chance(place, 20), retries_ms: place % 8 === 2 ? 640 : 0, first_byte_ms, stream_ms: first_byte_ms === null ? null : duration_ms - first_byte_ms - 3 - chance(place, 20) - (place % 8 === 2 ? 640 : 0),
        total_ms: duration_ms,
      },
    };
  });
}

/** A call as lists have it: without what only its own page tells. */
export function listedCall({ sources: _sources, price_lines: _lines, is_priced_by_lines: _byLines, timeline: _timeline, attempts: _attempts, ...call }) {
  return call;
}

/** A call as an export writes it. */
export const exportedCall = ({ id: request_id, usage, started_at, ended_at, key_id, model, model_served, route, stream, status, status_code, error_code, cost, charged, first_byte_ms, duration_ms, client_ip }) => ({
  request_id, started_at, ended_at, key_id, key_name: keys().find((key) => key.id === key_id)?.name ?? null, model, model_served, route, stream, status, status_code, error_code, input_tokens: usage.input_tokens,
  cache_read_tokens: usage.tokens.cache_read ?? 0, cache_write_tokens: 0, output_tokens: usage.output_tokens, reasoning_tokens: usage.tokens.reasoning ?? 0, usage_source: usage.source, cost, charged, currency: "USD",
  first_byte_ms, duration_ms, client_ip,
});

export const accounts = () => [
  { id: id("acc", 1), kind: "cash", unit: "usd", available: "303.420000001", pending: "0.0021", posted: "303.422100001", expired: false, expires_at: null, models: null, tokens_per_call: null, weight_ppm: 1_000_000, when_used: "cash" },
  { id: id("acc", 2), kind: "gift", unit: "usd", available: "15", pending: "0", posted: "15", expired: false, expires_at: ahead(600), models: null, tokens_per_call: null, weight_ppm: 1_000_000, when_used: "cash" },
  { id: id("acc", 3), kind: "grant", unit: "tokens", available: "842190", pending: "0", posted: "842190", expired: false, expires_at: ahead(200), models: ["demo-small", "paper-crane"], tokens_per_call: null, weight_ppm: 1_000_000, when_used: "cash" },
  { id: id("acc", 4), kind: "grant", unit: "calls", available: "0", pending: "0", posted: "3", expired: true, expires_at: ago(20), models: null, tokens_per_call: null, weight_ppm: 1_000_000, when_used: "cash" },
];

export function transfers() {
  const row = (number, hours, kind, direction, amount, more = {}) => ({
    id: id("xfr", number), created_at: ago(hours), kind, direction, unit: "usd", amount, counterpart: "revenue", account_id: id("acc", 1), cause: null, reverses: null, ...more,
  });
  const special = [
    row(90, 0.05, "adjustment", "credit", "50", { cause: id("adj", 4), counterpart: "adjustments" }),
    row(89, 4, "expiry", "debit", "3", { unit: "calls", account_id: id("acc", 4), counterpart: "expired" }),
    row(88, 20, "grant", "credit", "1000000", { unit: "tokens", account_id: id("acc", 3), cause: id("gnt", 2), counterpart: "grants" }),
    row(87, 30, "reversal", "credit", "0.4216", { reverses: id("xfr", 61) }),
    row(86, 31, "operator_loss", "none", "0.000123", { account_id: null, cause: id("req", 880) }),
    row(85, 60, "adjustment", "debit", "2.5", { cause: id("adj", 3), counterpart: "adjustments" }),
    row(84, 200, "top_up", "credit", "200"),
  ];
  const booked = calls().filter(({ charged }) => Number(charged) > 0).map((call, place) => row(60 - place, (NOW - Date.parse(call.ended_at)) / HOUR, "consumption", "debit", call.charged, { cause: call.id }));
  return [...special, ...booked].sort((one, other) => other.created_at.localeCompare(one.created_at));
}

export const notices = () => [
  {
    id: id("ntc", 2), level: "warning", starts_at: null, ends_at: null, updated_at: ago(5),
    title: { en: "Short maintenance on Sunday", "zh-CN": "周日短暂维护" },
    text: { en: "From 02:00 to 02:15 (Asia/Shanghai) calls may be refused with 503.\nClients that try again go on by themselves.", "zh-CN": "北京时间 02:00 至 02:15，部分调用可能返回 503。\n会自动重试的客户端不受影响。" },
  },
];

/** What was used, for each step of a time, by its groups. */
export function usageSeries(query, isEmpty) {
  const by = query.get("by") ?? "day";
  const grouping = query.get("group_by") ?? "none";
  const zone = query.get("time_zone") ?? "Asia/Shanghai";
  const stepMs = by === "day" ? 24 * HOUR : HOUR;
  const from = query.get("start_date") === null ? NOW - 30 * 24 * HOUR : Date.parse(query.get("start_date"));
  const until = query.get("end_date") === null ? NOW : Date.parse(query.get("end_date"));
  const dayOf = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
  const steps = [];
  for (let at = from; at < until && steps.length < 800; at += stepMs) steps.push({ at: new Date(at).toISOString(), date: dayOf.format(at) });
  const groups = grouping === "model" ? models().map(({ name }) => ({ model: name })) : grouping === "key" ? keys().slice(0, 3).map((key) => ({ key_id: key.id })) : [{}];
  const points = isEmpty ? [] : steps.flatMap((step, place) =>
    groups.filter((_, number) => chance(place * 7 + number, 10) > 1).map((group, number) => ({ ...step, ...group, ...sums(1 + chance(place * 31 + number * 5, 90), number) })));
  const total = points.reduce((sum, point) => addSums(sum, point), sums(0, 0));
  return { from: new Date(from).toISOString(), until: new Date(until).toISOString(), time_zone: zone, by, group_by: grouping, steps, points, total };
}

export function usageSummary(query, isEmpty) {
  const series = usageSeries(new URLSearchParams([...query].filter(([name]) => name !== "by" && name !== "group_by")), isEmpty);
  const shared = (parts) => parts.map((part) => Math.round((series.total.requests * part) / 100));
  const byModel = isEmpty ? [] : shared([46, 31, 15, 8]).map((requests, place) => ({ model: models()[place].name, ...sums(requests, 0) }));
  const byKey = isEmpty ? [] : shared([58, 30, 12]).map((requests, place) => ({ key_id: keys()[place].id, name: keys()[place].name, preview: keys()[place].preview, ...sums(requests, 0) }));
  return {
    from: series.from, until: series.until, time_zone: series.time_zone, total_cost: series.total.cost, total_charged: series.total.charged,
    total_tokens: series.total.input_tokens + series.total.output_tokens, total_requests: series.total.requests, total_errors: series.total.errors, total: series.total, models: byModel, keys: byKey,
  };
}

function sums(requests, number) {
  const cost = usd(BigInt(requests) * BigInt(7_312_451 + number * 1_918_273));
  return {
    requests, errors: Math.floor(requests / 40), input_tokens: requests * (2_100 + number * 300), cache_read_tokens: requests * 400, cache_write_tokens: 0,
    output_tokens: requests * (610 + number * 70), reasoning_tokens: requests * 20, cost, charged: cost,
  };
}
function addSums(one, other) {
  const counts = ["requests", "errors", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"];
  return { ...Object.fromEntries(counts.map((name) => [name, one[name] + other[name]])), cost: usd(nanos(one.cost) + nanos(other.cost)), charged: usd(nanos(one.charged) + nanos(other.charged)) };
}
