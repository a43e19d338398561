import { describe, expect, it, vi } from "vitest";

import { createApi, take, type Fetch } from "@/api/client";
import { toProblem } from "@/api/problem";

import { PRODUCTION } from "./fake-desk";
import { createFakeShell } from "./fake-shell";
import { ShellFailure } from "./shell";
import { NOWHERE, transportTo } from "./transport";

/** What a server sees of a call, whichever way it came. */
type Seen = { method: string; path: string; query: string; body: string | null; key: string | null; proof: string | null };
type Answer = { status: number; headers?: Record<string, string>; body?: string };
type Server = (seen: Seen) => Answer | Promise<Answer>;

const JSON_HEADERS = { "content-type": "application/json", "x-request-id": "req_9" };
const json = (status: number, body: unknown, headers = {}): Answer => ({ status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) });
const error = (code: string) => ({ error: { code, message: "No.", request_id: "req_9" } });

/** A browser's own way, as far as the network. */
const browser = (server: Server): Fetch => async (request) => {
  const url = new URL(request.url);
  const body = await request.text();
  const answered = await server({
    method: request.method,
    path: decodeURIComponent(url.pathname),
    query: url.search,
    body: body === "" ? null : body,
    key: request.headers.get("idempotency-key"),
    proof: request.headers.get("x-proof"),
  });
  request.signal.throwIfAborted();
  return new Response(answered.body ?? null, { status: answered.status, headers: answered.headers ?? {} });
};

/** The way through the shell. */
const desktop = (server: Server): Fetch => {
  const shell = createFakeShell({
    connections: [{ ...PRODUCTION, write_guard: "open" }],
    sites: {
      [PRODUCTION.id]: async ({ method, path, query, headers, body }) => {
        const search = new URLSearchParams(query).toString();
        const { status, headers: told = {}, body: text = "" } = await server({
          method,
          path,
          query: search === "" ? "" : `?${search}`,
          body,
          key: headers["idempotency-key"] ?? null,
          proof: headers["x-proof"] ?? null,
        });
        return { status, headers: told, body: text };
      },
    },
  });
  return transportTo(PRODUCTION.id, shell);
};

const unreached: Record<string, () => never> = {
  browser: () => {
    throw new TypeError("Failed to fetch");
  },
  desktop: () => {
    throw new ShellFailure("no_connection", "the site cannot be reached");
  },
};

describe.each([
  ["browser", browser],
  ["desktop", desktop],
] as const)("calls by the %s's way", (way, transport) => {
  const open = (server: Server) => {
    const seen: Seen[] = [];
    const askForProof = vi.fn(async (): Promise<string | null> => "prf_1");
    const onSignedOut = vi.fn();
    const fetch = transport((call) => {
      seen.push(call);
      return server(call);
    });
    return { seen, askForProof, onSignedOut, api: createApi({ fetch, baseUrl: NOWHERE, askForProof, onSignedOut }) };
  };
  const problemOf = (call: Promise<unknown>) => call.then(() => expect.unreachable(), toProblem);

  it("bring their path and query as they were meant, and the answer back", async () => {
    const { api, seen } = open(() => json(200, { items: [], next_cursor: null }));
    const query = { q: "a&b=c#d é+", limit: 20 };
    expect(await take(api.GET("/api/admin/users", { params: { query } }))).toEqual({ items: [], next_cursor: null });
    expect(seen[0]).toMatchObject({ method: "GET", path: "/api/admin/users", body: null });
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.query))).toEqual({ q: "a&b=c#d é+", limit: "20" });
  });

  it("bring ids as they are written", async () => {
    const { api, seen } = open(() => json(200, {}));
    await take(api.GET("/api/admin/users/{id}", { params: { path: { id: "usr_1:a@b.c-d" } } }));
    expect(seen[0]?.path).toBe("/api/admin/users/usr_1:a@b.c-d");
  });

  it("bring their body and the key that makes them count once, and no header else", async () => {
    const { api, seen } = open(() => json(201, { id: "adj_1" }));
    const body = { direction: "credit", amount: "0.10", reason: "goodwill", text: "é" } as never;
    const params = { path: { id: "usr_1" }, header: { "Idempotency-Key": "4f0c" } };
    await take(api.POST("/api/admin/users/{id}/adjustments", { params, body, headers: { authorization: "Bearer x" } }));
    expect(seen[0]).toMatchObject({ method: "POST", body: JSON.stringify(body), key: "4f0c", proof: null });
  });

  it("may be answered with nothing", async () => {
    const { api } = open(() => ({ status: 204 }));
    expect(await take(api.DELETE("/api/admin/channels/{id}", { params: { path: { id: "chn_1" } } }))).toBeUndefined();
  });

  it("that are refused tell why, when to come again, and under which number", async () => {
    const { api } = open(() => json(429, { error: { ...error("too_many_attempts").error, fields: [{ field: "q", message: "No." }] } }, { "retry-after": "30" }));
    const problem = await problemOf(take(api.GET("/api/me")));
    expect(problem).toMatchObject({ code: "too_many_attempts", status: 429, requestId: "req_9", fields: [{ field: "q", message: "No." }] });
    expect(problem.retryAt).toBeGreaterThan(Date.now() + 25_000);
  });

  it("that need a proof go out again with it, and with the same body", async () => {
    const { api, seen, askForProof } = open(({ proof }) => (proof === null ? json(403, error("proof_required")) : json(200, { id: "usr_1" })));
    await take(api.PATCH("/api/admin/users/{id}", { params: { path: { id: "usr_1" } }, body: { role: "admin" } }));
    expect(seen.map(({ body, proof }) => [body, proof])).toEqual([
      ['{"role":"admin"}', null],
      ['{"role":"admin"}', "prf_1"],
    ]);
    expect(askForProof).toHaveBeenCalledOnce();
  });

  it("tell when the session is over", async () => {
    const { api, onSignedOut } = open(() => json(401, error("invalid_token")));
    expect((await problemOf(take(api.GET("/api/me")))).code).toBe("invalid_token");
    expect(onSignedOut).toHaveBeenCalledOnce();
  });

  it("say so when something else answers, or nothing", async () => {
    const other = open(() => ({ status: 502, headers: { "content-type": "text/html" }, body: "<html>" }));
    expect((await problemOf(take(other.api.GET("/api/me")))).code).toBe("unreadable_answer");
    const nobody = open(() => unreached[way]?.() ?? { status: 500 });
    expect((await problemOf(take(nobody.api.GET("/api/me")))).code).toBe("no_connection");
  });

  it("are not waited for by whoever gave them up", async () => {
    let answer: (given: Answer) => void = () => undefined;
    const { api, seen } = open(() => new Promise((resolve) => (answer = resolve)));
    const giveUp = new AbortController();
    const call = problemOf(take(api.GET("/api/me", { signal: giveUp.signal })));
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    giveUp.abort();
    if (way === "browser") answer(json(200, {}));
    await call;
  });
});

it("what the shell says instead of an answer is a problem of that code", async () => {
  const shell = createFakeShell();
  const api = createApi({ fetch: transportTo(PRODUCTION.id, shell), baseUrl: NOWHERE, askForProof: async () => null, onSignedOut: () => undefined });
  for (const code of ["not_paired", "signed_out", "key_changed", "untrusted", "secrets_locked", "timed_out", "writes_locked", "read_only", "shell_failed"]) {
    shell.failNext("api", code);
    await expect(take(api.GET("/api/me"))).rejects.toMatchObject({ name: "ApiProblem", code });
  }
});

it("a session that the shell knows to be over is over", async () => {
  for (const code of ["not_paired", "signed_out"]) {
    const shell = createFakeShell();
    const onSignedOut = vi.fn();
    shell.failNext("api", code);
    const api = createApi({ fetch: transportTo(PRODUCTION.id, shell), baseUrl: NOWHERE, askForProof: async () => null, onSignedOut });
    await expect(take(api.GET("/api/me"))).rejects.toMatchObject({ code });
    expect(onSignedOut).toHaveBeenCalledOnce();
  }
});
