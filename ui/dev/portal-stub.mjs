// The stub server's routes of models, keys, calls and the books, and a relay that answers by itself.
import { NOW } from "./data.mjs";
import * as data from "./portal-data.mjs";

let keys = data.keys();
let calls = data.calls();
export function resetPortal() {
  keys = data.keys();
  calls = data.calls();
}

/** Makes the routes from what the stub server has for all of them. */
export function portalRoutes({ state, page, find, fail }) {
  const listed = (query) =>
    calls.filter(
      (call) =>
        (query.get("id") === null || call.id === query.get("id")) &&
        (query.get("model") === null || call.model === query.get("model")) &&
        (query.get("key_id") === null || call.key_id === query.get("key_id")) &&
        (query.get("status") === null || call.status === query.get("status") || (query.get("status") === "error" && ["failed", "interrupted", "lost"].includes(call.status))) &&
        (query.get("start_date") === null || call.started_at >= query.get("start_date")) &&
        (query.get("end_date") === null || call.started_at < query.get("end_date")),
    );
  const made = (body) => {
    const key = { ...data.keys()[0], id: `key_new${keys.length}`, preview: "sk-Nw48…e1Fa", created_at: new Date(NOW).toISOString(), ...body, budgets: { day: null, month: null, total: null, ...body.budgets } };
    keys = [key, ...keys];
    return { key, secret: data.NEW_SECRET };
  };
  return {
    "GET /api/site": () => ({ ...data.SITE, has_public_models: !state().hidesModels }),
    "GET /api/models": () => {
      if (state().hidesModels && state().signedIn === null) fail("invalid_token");
      return { items: state().empty ? [] : data.models(), next_cursor: null };
    },
    "GET /api/me/notices": () => ({ items: state().empty ? [] : data.notices(), next_cursor: null }),
    "GET /api/me/balance": () => ({ available: "318.420000001", pending: "0.0021", currency: "USD", accounts: state().empty ? [] : data.accounts() }),
    "GET /api/me/keys": ({ query }) => page(keys, query),
    "POST /api/me/keys": ({ body }) => {
      if (body.name === "refused") fail("invalid_request", "A field is wrong.", [{ field: "name", message: "must not be that" }]);
      return made(body);
    },
    "PATCH /api/me/keys/:id": ({ path, body }) => Object.assign(find(keys, path.id), body),
    "DELETE /api/me/keys/:id": ({ path }) => Object.assign(find(keys, path.id), { status: "revoked" }),
    "POST /api/me/keys/:id/rotate": ({ path, body }) => {
      const old = find(keys, path.id);
      const created = made({ name: old.name, budgets: old.budgets });
      if (body.grace_seconds === 0) old.status = "revoked";
      else old.expires_at = new Date(NOW + body.grace_seconds * 1_000).toISOString();
      return created;
    },
    "GET /api/me/ledger": ({ query }) => page(data.transfers(), query),
    "GET /api/me/requests": ({ query }) => page(listed(query).map(data.listedCall), query),
    "GET /api/me/requests/:id": ({ path }) => find(calls, path.id),
    "GET /api/me/usage/series": ({ query }) => data.usageSeries(query, state().empty),
    "GET /api/me/usage/summary": ({ query }) => data.usageSummary(query, state().empty),
    "GET /api/me/usage/export.csv": ({ query }) => {
      if (query.get("model") === "demo-large") fail("export_too_large", "There are 12,345 rows; at most 10,000 can be exported.");
      return `\uFEFFrequest_id,model,cost\r\n${listed(query).map((call) => `${call.id},${call.model},${call.cost}`).join("\r\n")}\r\n`;
    },
    "GET /api/me/usage/export.json": ({ query }) => listed(query).map(data.exportedCall),
  };
}

const ANSWER = "Hello! The station is open, and your first call has arrived safely.";

/** Answers what is below /api/v1 as the relay does: whether it did. */
export async function answerRelay(request, url, response) {
  if (!url.pathname.startsWith("/api/v1/")) return false;
  const secret = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  const number = `req_06ft3r5yx1v2k4m7q9s0t4${String(calls.length).padStart(4, "0")}`;
  const send = (status, body) => response.writeHead(status, { "content-type": "application/json", "x-request-id": number }).end(JSON.stringify(body));
  const refuse = (status, code, message) => send(status, { error: { message, type: "invalid_request_error", param: null, code } });
  if (!secret.startsWith("sk-") || secret.includes("wrong")) refuse(401, "invalid_api_key", "The API key is not accepted.");
  else if (url.pathname === "/api/v1/models") send(200, { object: "list", data: data.models().map(({ name }) => ({ id: name, object: "model" })) });
  else {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const asked = body.messages.at(-1).content;
    if (/refuse/.test(asked)) refuse(402, "insufficient_balance", "This call may cost up to 0.41 USD, and 0.02 USD is available.");
    else {
      calls = [{ ...data.calls()[1], id: number, model: body.model, model_served: body.model, started_at: new Date(NOW).toISOString() }, ...calls];
      const usage = { prompt_tokens: 21, completion_tokens: 14, total_tokens: 35, cost: "0.000012000", charged: "0.000012000" };
      if (!body.stream) send(200, { id: "chatcmpl-1", model: body.model, choices: [{ index: 0, message: { role: "assistant", content: ANSWER }, finish_reason: "stop" }], usage });
      else {
        response.writeHead(200, { "content-type": "text/event-stream", "x-request-id": number });
        const event = (chunk) => response.write(`data: ${JSON.stringify({ id: "chatcmpl-1", model: body.model, ...chunk })}\n\n`);
        for (const word of ANSWER.split(/(?<= )/)) {
          event({ choices: [{ index: 0, delta: { content: word }, finish_reason: null }] });
          await new Promise((resolve) => setTimeout(resolve, /slowly/.test(asked) ? 400 : 15));
        }
        event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
        event({ choices: [], usage });
        response.end("data: [DONE]\n\n");
      }
    }
  }
  return true;
}
