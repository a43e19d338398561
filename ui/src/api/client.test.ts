import { describe, expect, it, vi } from "vitest";

import { createApi, take, type Fetch } from "./client";
import { ApiProblem } from "./problem";

const reply = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
const error = (code: string, extra = {}) => ({ error: { code, message: "No.", request_id: "req_1", ...extra } });

function apiOver(fetch: Fetch, askForProof = vi.fn(async (): Promise<string | null> => "prf_1")) {
  const onSignedOut = vi.fn();
  return { api: createApi({ fetch, baseUrl: "http://site.test", askForProof, onSignedOut }), askForProof, onSignedOut };
}

const problemOf = async (call: Promise<unknown>): Promise<ApiProblem> => {
  const thrown = await call.then(() => null, (reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(ApiProblem);
  return thrown as ApiProblem;
};

describe("the client", () => {
  it("gives what the server answers", async () => {
    const { api } = apiOver(async () => reply(200, { required: true }));
    expect(await take(api.GET("/api/setup"))).toEqual({ required: true });
  });

  it("turns an error into one problem with its code, fields, request and time to come again", async () => {
    const fields = [{ field: "email", code: "taken", message: "Taken." }];
    const { api } = apiOver(async () => reply(429, error("too_many_attempts", { fields }), { "retry-after": "30" }));
    const problem = await problemOf(take(api.GET("/api/setup")));
    expect(problem).toMatchObject({ code: "too_many_attempts", status: 429, fields, requestId: "req_1" });
    expect(problem.retryAt).toBeGreaterThan(Date.now() + 25_000);
  });

  it("calls a lost connection by its name", async () => {
    const { api } = apiOver(async () => {
      throw new TypeError("Failed to fetch");
    });
    expect((await problemOf(take(api.GET("/api/setup")))).code).toBe("no_connection");
  });

  it("does not trust an answer that is not the server's", async () => {
    const { api } = apiOver(async () => new Response("<h1>502 Bad Gateway</h1>", { status: 502 }));
    expect((await problemOf(take(api.GET("/api/setup")))).code).toBe("unreadable_answer");
  });

  it("asks for a proof and repeats the same call with it, once", async () => {
    const seen: { proof: string | null; body: string }[] = [];
    const { api, askForProof } = apiOver(async (request) => {
      seen.push({ proof: request.headers.get("x-proof"), body: await request.text() });
      return seen.length === 1 ? reply(403, error("proof_required")) : reply(200, { id: "usr_1" });
    });
    await take(api.PATCH("/api/admin/users/{id}", { params: { path: { id: "usr_1" } }, body: { role: "admin" } }));
    expect(seen).toEqual([
      { proof: null, body: '{"role":"admin"}' },
      { proof: "prf_1", body: '{"role":"admin"}' },
    ]);
    expect(askForProof).toHaveBeenCalledOnce();
  });

  it("does not repeat a call whose proof was withheld", async () => {
    const fetch = vi.fn(async () => reply(403, error("proof_required")));
    const { api } = apiOver(fetch, vi.fn(async () => null));
    expect((await problemOf(take(api.POST("/api/me/totp")))).code).toBe("withheld");
    expect(fetch).toHaveBeenCalledOnce();
  });

  it("says that the session is over only when it is", async () => {
    const wrong = apiOver(async () => reply(401, error("invalid_credentials")));
    await problemOf(take(wrong.api.POST("/api/auth/login", { body: { login: "a", password: "b" } })));
    expect(wrong.onSignedOut).not.toHaveBeenCalled();
    const over = apiOver(async () => reply(401, error("invalid_token")));
    await problemOf(take(over.api.GET("/api/me")));
    expect(over.onSignedOut).toHaveBeenCalledOnce();
  });
});
