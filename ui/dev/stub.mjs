// A stand-in for the server, for working on the screens and for pictures of them. It keeps everything in memory and
// serves dist/ under the policy that the server has. PUT /stub changes how it behaves:
//   {"setup": true}                     there is no owner yet
//   {"signedIn": "owner" | … | null}    who the browser is
//   {"empty": true}                     every list is empty
//   {"slow": 2000}                      every answer takes so long
//   {"fail": {"/api/me": "unavailable"}} these routes fail with that code
//   {"proof": false}                    sensitive calls need no proof
//   {"held": true}                      the role needs a second factor that is not there
//   {"firstKey": true}                  the first key is due
//   {"options": {"registration": "closed"}} what the site says about signing in, where it differs
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

import * as data from "./data.mjs";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json" };
const STATUS = {
  invalid_request: 400, invalid_link: 400, export_too_large: 400, invalid_token: 401, invalid_credentials: 401, forbidden: 403, proof_required: 403,
  email_unverified: 403, registration_closed: 403, not_found: 404, already_exists: 409, conflict: 409, too_many_attempts: 429,
  internal_error: 500, unavailable: 503, setup_required: 503,
};
const dist = new URL("../dist/", import.meta.url).pathname;

class Failure extends Error {
  constructor(code, message = code, fields = [], headers = {}) {
    super(message);
    Object.assign(this, { code, fields, headers });
  }
}

let state;
function reset() {
  state = {
    setup: false, signedIn: "owner", empty: false, slow: 0, fail: {}, proof: true, held: false, firstKey: false, options: {}, keys: data.keys(),
    people: data.people(), sessions: data.sessions(), passkeys: data.passkeys(), identities: data.identities(), invites: data.invites(),
    totp: { enabled: true, enabled_at: new Date(data.NOW - 5e9).toISOString() }, codes: { left: 8, total: 10 }, proofs: new Set(), tries: 0,
  };
}
reset();

const me = () => {
  const user = state.people.find(({ role, email }) => email.startsWith(`${state.signedIn}@`) || role === state.signedIn);
  if (user === undefined) throw new Failure("invalid_token", "There is no session.");
  return user;
};
const isHeld = () => state.held;
const signedIn = (extra = {}) => ({ status: "signed_in", user: me(), session: "ses_1", expires_at: new Date(data.NOW + 1e9).toISOString(), ...extra });
const later = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
const b64 = (text) => Buffer.from(text).toString("base64url");
const passkeyUse = () => ({
  challenge: "pck_1",
  options: { challenge: b64("challenge-challenge"), timeout: 300_000, rpId: "127.0.0.1", allowCredentials: [], userVerification: "required" },
});

function page(items, query) {
  const all = state.empty ? [] : items;
  const limit = Number(query.get("limit") ?? 20);
  const start = query.get("cursor") === null ? 0 : Number(query.get("cursor"));
  const next = start + limit < all.length ? String(start + limit) : null;
  return { items: all.slice(start, start + limit), next_cursor: next };
}
const find = (items, id) => items.find((item) => item.id === id) ?? fail("not_found");
const fail = (code, message, fields, headers) => {
  throw new Failure(code, message, fields, headers);
};
const proven = (request) => {
  if (state.proof && !state.proofs.delete(request.headers["x-proof"])) fail("proof_required", "Prove again who you are: password, totp, passkey.");
};

// Every route: what it needs, and what it answers.
const routes = {
  "GET /api/setup": () => ({ required: state.setup }),
  "POST /api/setup": ({ body }) => {
    if (body.token !== "right-token") fail("invalid_credentials", "The setup token is wrong.");
    Object.assign(state, { setup: false, signedIn: "owner" });
    return signedIn({ first_key: data.KEY });
  },
  "POST /api/auth/login": ({ body }) => {
    if (body.login === "slow-down") fail("too_many_attempts", "Too many tries.", [], { "retry-after": "42" });
    if (body.login === "unverified@example.org") fail("email_unverified");
    if (body.password !== "correct horse battery") fail("invalid_credentials", "The name or password is wrong.");
    if (body.login.startsWith("factor")) return { status: "second_factor_required", challenge: "chl_1", methods: ["totp", "passkey", "recovery_code"], passkey: passkeyUse().options };
    state.signedIn = body.login.split("@")[0];
    return signedIn(body.login.startsWith("support-bot") ? { first_key: data.KEY } : {});
  },
  "POST /api/auth/second-factor/methods": () => ({ challenge: "chl_1", methods: ["totp", "recovery_code"] }),
  "POST /api/auth/second-factor": ({ body }) => {
    if (body.totp !== "123456" && body.recovery_code === undefined && body.passkey === undefined) fail("invalid_credentials", "The code is wrong.");
    state.signedIn = "owner";
    return signedIn();
  },
  "POST /api/auth/logout": () => void (state.signedIn = null),
  "POST /api/auth/register": ({ body }) => {
    if (body.email === "closed@example.org") fail("registration_closed");
    if (/password|123456/.test(body.password)) fail("invalid_request", "A field is wrong.", [{ field: "password", code: "too_common", message: "is one of the commonest" }]);
    return { next: "open_mail" };
  },
  "POST /api/auth/verify-email": ({ body }) => (body.token === "good" ? undefined : fail("invalid_link")),
  "POST /api/auth/resend-verification": () => ({ next: "open_mail" }),
  "POST /api/auth/password-reset": () => ({ next: "open_mail" }),
  "POST /api/auth/password-reset/confirm": ({ body }) => (body.token === "good" ? undefined : fail("invalid_link")),
  "POST /api/auth/passkeys/start": passkeyUse,
  "POST /api/auth/passkeys/finish": () => signedIn(),
  "POST /api/auth/proof/start": () => ({ methods: ["totp", "passkey", "recovery_code"], passkey: passkeyUse() }),
  "POST /api/auth/proof": ({ body }) => {
    if (body.totp !== "123456" && body.password === undefined && body.recovery_code === undefined && body.passkey === undefined) fail("invalid_credentials");
    const proof = `prf_${Math.random()}`;
    state.proofs.add(proof);
    return { proof, expires_at: later(5) };
  },
  "GET /api/auth/options": () => {
    if (state.setup) fail("setup_required");
    return { ...data.options(), ...(state.empty ? { providers: [] } : {}), ...state.options };
  },
  "POST /api/auth/oauth/:provider/start": () => ({ authorize_url: "/sign-in#error=account_exists" }),
  "GET /api/me": () => ({
    ...me(), permissions: data.PERMISSIONS[me().role], must_set_up_second_factor: isHeld(), is_first_key_due: state.firstKey,
  }),
  "POST /api/me/first-key": () => {
    if (!state.firstKey) fail("already_exists");
    state.firstKey = false;
    return data.KEY;
  },
  "PATCH /api/me": ({ body }) => {
    if (body.username === "taken") fail("already_exists", "Taken.", [{ field: "username", code: "taken", message: "is taken already" }]);
    return Object.assign(me(), body);
  },
  "POST /api/me/password": ({ body }) => (body.current_password === "correct horse battery" ? undefined : fail("invalid_credentials")),
  "GET /api/me/totp": () => (state.empty && !state.totp.isNew ? { enabled: false, enabled_at: null } : state.totp),
  "POST /api/me/totp": ({ request }) => {
    proven(request);
    return data.TOTP;
  },
  "POST /api/me/totp/confirm": ({ body }) => {
    if (body.code !== "123456") fail("invalid_request", "A field is wrong.", [{ field: "code", code: "invalid", message: "is not what the app shows now" }]);
    state.totp = { enabled: true, enabled_at: new Date().toISOString(), isNew: true };
    state.held = false;
    return { codes: data.CODES };
  },
  "DELETE /api/me/totp": ({ request }) => {
    proven(request);
    state.totp = { enabled: false, enabled_at: null };
  },
  "GET /api/me/recovery-codes": () => (state.empty ? { left: 0, total: 0 } : state.codes),
  "POST /api/me/recovery-codes": ({ request }) => {
    proven(request);
    state.codes = { left: 10, total: 10 };
    return { codes: data.CODES };
  },
  "GET /api/me/passkeys": () => ({ items: state.empty ? [] : state.passkeys, next_cursor: null }),
  "POST /api/me/passkeys/start": ({ request }) => {
    proven(request);
    return { challenge: "pck_2", options: {} };
  },
  "PATCH /api/me/passkeys/:id": ({ path, body }) => Object.assign(find(state.passkeys, path.id), body),
  "DELETE /api/me/passkeys/:id": ({ path, request }) => {
    proven(request);
    state.passkeys = state.passkeys.filter(({ id }) => id !== path.id);
  },
  "GET /api/me/sessions": ({ query }) => page(state.sessions, query),
  "DELETE /api/me/sessions/:id": ({ path }) => void (state.sessions = state.sessions.filter(({ id }) => id !== path.id)),
  "POST /api/me/sessions/revoke-others": () => {
    const before = state.sessions.length;
    state.sessions = state.sessions.filter(({ is_current }) => is_current);
    return { revoked: before - state.sessions.length };
  },
  "GET /api/me/identities": () => ({ items: state.empty ? [] : state.identities }),
  "DELETE /api/me/identities/:id": ({ path }) => void (state.identities = state.identities.filter(({ id }) => id !== path.id)),
  "POST /api/me/devices/pairing": () => ({
    uri: "waystation://pair?u=https%3A%2F%2Fai.example.com&c=Xq7Zt3LmKd9PwRsY5nBc4Jh2&fp=9f2ac41be07d55f36a8e12c07b94d6e1f3a05c7782be49d1c6f0a3e85b7d2419",
    code: "Xq7Zt3LmKd9PwRsY5nBc4Jh2", expires_at: new Date(data.NOW + 300_000).toISOString(),
  }),
  "GET /api/admin/users": ({ query }) => {
    const q = (query.get("q") ?? "").toLowerCase();
    const matches = state.people.filter(
      (user) =>
        (user.email.includes(q) || (user.username ?? "").includes(q)) &&
        (query.get("role") === null || user.role === query.get("role")) &&
        (query.get("status") === null || user.status === query.get("status")),
    );
    return page(matches, query);
  },
  "POST /api/admin/users": ({ body }) => {
    if (state.people.some(({ email }) => email === body.email)) fail("already_exists", "There is somebody with this address.", [{ field: "email", code: "taken", message: "is taken already" }]);
    const user = { ...data.people()[6], ...body, id: `usr_${state.people.length}`, display_name: body.display_name ?? body.email.split("@")[0], email_verified_at: null };
    state.people.push(user);
    return body.invite ? { ...user, password_link: { url: "https://ai.example.com/reset-password#token=Xq7Zt3LmKd9PwRsY5nBc4Jh2", expires_at: new Date(data.NOW + 86_400_000).toISOString() } } : user;
  },
  "GET /api/admin/users/:id": ({ path }) => find(state.people, path.id),
  "PATCH /api/admin/users/:id": ({ path, body, request }) => {
    if (body.role !== undefined || body.email !== undefined) proven(request);
    if (state.people.some(({ id, email }) => email === body.email && id !== path.id)) fail("already_exists", "Taken.", [{ field: "email", code: "taken", message: "is taken already" }]);
    return Object.assign(find(state.people, path.id), body);
  },
  "DELETE /api/admin/users/:id": ({ path }) => void (state.people = state.people.filter(({ id }) => id !== path.id)),
  "POST /api/admin/users/:id/reset-password": ({ request }) => {
    proven(request);
    return { is_mailed: false, password_link: { url: "https://ai.example.com/reset-password#token=Xq7Zt3LmKd9PwRsY5nBc4Jh2", expires_at: new Date(data.NOW + 86_400_000).toISOString() } };
  },
  "POST /api/admin/users/:id/reset-second-factor": ({ request }) => proven(request),
  "GET /api/admin/users/:id/keys": ({ query }) => page(state.keys, query),
  "POST /api/admin/users/:id/keys/:key/rotate": ({ path, request }) => {
    proven(request);
    const old = find(state.keys, path.key);
    const key = { ...old, id: `key_${state.keys.length}`, preview: "sk-Ab12…Uwxy", created_at: new Date(data.NOW).toISOString() };
    old.status = "revoked";
    state.keys.unshift(key);
    return { key, secret: data.KEY.secret };
  },
  "DELETE /api/admin/users/:id/keys/:key": ({ path }) => Object.assign(find(state.keys, path.key), { status: "revoked" }),
  "GET /api/admin/users/:id/sessions": ({ query }) => page(state.sessions.slice(0, 2).map((session) => ({ ...session, is_current: false })), query),
  "DELETE /api/admin/users/:id/sessions": () => ({ revoked: 2 }),
  "DELETE /api/admin/users/:id/sessions/:session": () => undefined,
  "GET /api/admin/invites": ({ query }) => page(state.invites, query),
  "POST /api/admin/invites": ({ body }) => {
    const invite = { ...data.invites()[0], id: `inv_${state.invites.length}`, email: body.email ?? null };
    state.invites.unshift(invite);
    return { invite, link: "https://ai.example.com/register#invite=Xq7Zt3LmKd9PwRsY5nBc4Jh2", is_mailed: body.email !== undefined };
  },
  "DELETE /api/admin/invites/:id": ({ path }) => void (find(state.invites, path.id).status = "revoked"),
  "GET /api/admin/audit-logs": ({ query }) => page(auditRows(query), query),
  "GET /api/admin/audit-logs/export.csv": ({ query }) => `\uFEFFsequence,action\n${auditRows(query).map((row) => `${row.sequence},${row.action}`).join("\n")}\n`,
};

function auditRows(query) {
  return data.auditLog().filter(
    (row) =>
      row.action.startsWith(query.get("action") ?? "") &&
      (query.get("target") === null || row.target?.id === query.get("target")) &&
      (query.get("actor") === null || row.actor.id === query.get("actor")),
  );
}

const table = Object.entries(routes).map(([name, answer]) => {
  const [method, path] = name.split(" ");
  const pattern = new RegExp(`^${path.replace(/:(\w+)/g, "(?<$1>[^/]+)").replace(".", "\\.")}$`);
  return { method, pattern, answer };
});

async function answerApi(request, url) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const body = text === "" ? undefined : JSON.parse(text);
  if (url.pathname === "/stub") {
    reset();
    Object.assign(state, body);
    return {};
  }
  if (state.slow > 0) await new Promise((resolve) => setTimeout(resolve, state.slow));
  const failure = state.fail[url.pathname];
  if (failure !== undefined) fail(failure, `This route fails as asked: ${failure}.`);
  const path = decodeURIComponent(url.pathname);
  const route = table.find(({ method, pattern }) => method === request.method && pattern.test(path)) ?? fail("not_found", "No such route.");
  if (state.setup && path !== "/api/setup") fail("setup_required");
  if (/^\/api\/(me|admin)/.test(path)) me();
  if (isHeld() && !/^\/api\/(auth|me$|me\/(totp|passkeys|first-key))/.test(path)) fail("forbidden", "must_set_up_second_factor");
  if (path.startsWith("/api/admin") && data.PERMISSIONS[me().role].length === 0) fail("forbidden");
  return route.answer({ body, query: url.searchParams, path: route.pattern.exec(path).groups ?? {}, request });
}

async function answerFile(url) {
  const name = normalize(url.pathname).replace(/^\/+/, "");
  const isPage = extname(name) === "";
  const file = isPage ? (name.startsWith("console") ? "console.html" : name.startsWith("desktop") ? "desktop.html" : "index.html") : name;
  return { content: await readFile(join(dist, file)), type: TYPES[extname(file)] ?? "application/octet-stream" };
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://127.0.0.1");
  try {
    if (url.pathname.startsWith("/api/") || url.pathname === "/stub") {
      const answer = await answerApi(request, url);
      response.setHeader("x-request-id", "req_06ft3r5yx1v2k4m7q9s0t2w6z0");
      if (answer === undefined) return response.writeHead(204).end();
      if (typeof answer === "string") return response.writeHead(200, { "content-type": "text/csv; charset=utf-8" }).end(answer);
      return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    }
    const { content, type } = await answerFile(url);
    return response.writeHead(200, { "content-type": type, "content-security-policy": POLICY, "x-content-type-options": "nosniff" }).end(content);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) return response.writeHead(404).end(String(thrown));
    const { code, message, fields, headers } = thrown;
    const error = { code, message, fields, request_id: "req_06ft3r5yx1v2k4m7q9s0t2w6z0" };
    return response.writeHead(STATUS[code] ?? 500, { "content-type": "application/json", "x-request-id": error.request_id, ...headers }).end(JSON.stringify({ error }));
  }
});

export function startStub(port) {
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

if (process.argv[1]?.endsWith("stub.mjs")) {
  await startStub(Number(process.env.PORT ?? 8790));
  console.log(`http://127.0.0.1:${process.env.PORT ?? 8790}`);
}
