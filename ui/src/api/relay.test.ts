import { describe, expect, it } from "vitest";

import { askChat, listKeyModels, type RelayFetch, type RelayProblem } from "./relay";

const events = (...pieces: string[]): RelayFetch => async () =>
  new Response(new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  }), { headers: { "content-type": "text/event-stream", "x-request-id": "req_1" } });
const refusal: RelayFetch = async () =>
  new Response(JSON.stringify({ error: { code: "insufficient_balance", message: "There is too little." } }), { status: 402, headers: { "x-request-id": "req_2" } });

describe("asking a model", () => {
  it("tells each piece of a stream, however the bytes are cut", async () => {
    const pieces: string[] = [];
    const fetch = events('data: {"model":"demo","choices":[{"delta":{"content":"He', 'llo"}}]}\n\n: ping\n\ndata: {"choices":[{"delta":{"content":" 世界"},"finish_reason":"stop"}]}\r\n', '\r\ndata: {"choices":[],"usage":{"total_tokens":7}}\n\ndata: [DONE]\n\n');
    const answer = await askChat(fetch, "sk-1", { model: "demo", messages: [], stream: true }, { onText: (piece) => pieces.push(piece) });
    expect(pieces).toEqual(["Hello", " 世界"]);
    expect(answer).toMatchObject({ text: "Hello 世界", model: "demo", requestId: "req_1", finishReason: "stop", tokens: 7 });
  });

  it("says why it was refused, and under which request", async () => {
    const problem = await askChat(refusal, "sk-1", { model: "demo", messages: [], stream: false }).catch((thrown: unknown) => thrown as RelayProblem);
    expect(problem).toMatchObject({ code: "insufficient_balance", status: 402, requestId: "req_2" });
  });

  it("says so when a stream breaks off with an error", async () => {
    const fetch = events('data: {"choices":[{"delta":{"content":"He"}}]}\n\n', 'data: {"error":{"code":"upstream_error","message":"It broke off."}}\n\n');
    const problem = await askChat(fetch, "sk-1", { model: "demo", messages: [], stream: true }).catch((thrown: unknown) => thrown as RelayProblem);
    expect(problem).toMatchObject({ code: "upstream_error", message: "It broke off." });
  });

  it("sends the key in its header only", async () => {
    const seen: Request[] = [];
    await listKeyModels(async (request) => {
      seen.push(request);
      return Response.json({ data: [{ id: "demo" }] });
    }, "sk-secret");
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer sk-secret");
    expect(seen[0]?.url).not.toContain("sk-secret");
  });
});
