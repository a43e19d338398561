// The relay as a client with a key calls it. This is not the management API: it has its own errors and speaks events.

export type RelayFetch = (request: Request) => Promise<Response>;

/** A call that the relay refused or could not finish. */
export class RelayProblem extends Error {
  override readonly name = "RelayProblem";

  constructor(
    /** The stable code of the relay, or `no_connection`. */
    readonly code: string,
    message: string,
    readonly status: number,
    readonly requestId: string | null,
  ) {
    super(message);
  }
}

export type ChatMessage = { role: "system" | "user" | "assistant"; content: string };
export type ChatBody = { model: string; messages: ChatMessage[]; stream: boolean; max_completion_tokens?: number; temperature?: number };
export type ChatAnswer = { text: string; model: string | null; status: number; requestId: string | null; finishReason: string | null; tokens: number | null };

// Below /api/v1 the relay is the same as below /v1.
const CHAT = "/api/v1/chat/completions";
const MODELS = "/api/v1/models";

/** The models that a key may ask for. */
export async function listKeyModels(fetch: RelayFetch, secret: string): Promise<string[]> {
  const response = await send(fetch, new Request(address(MODELS), { headers: { authorization: `Bearer ${secret}` }, credentials: "omit" }));
  const body = (await response.json()) as { data?: { id?: unknown }[] };
  return (body.data ?? []).map(({ id }) => id).filter((id): id is string => typeof id === "string");
}

/** What is told while an answer is on its way. */
export type ChatListener = { onOpen?: (requestId: string | null) => void; onText?: (piece: string) => void };

/** Asks a model. Of a stream, each piece of text is told as it comes. */
export async function askChat(fetch: RelayFetch, secret: string, body: ChatBody, listener: ChatListener = {}, signal?: AbortSignal): Promise<ChatAnswer> {
  const asked = body.stream ? { ...body, stream_options: { include_usage: true } } : body;
  const request = new Request(address(CHAT), {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify(asked),
    credentials: "omit",
    signal: signal ?? null,
  });
  const response = await send(fetch, request);
  const answer: ChatAnswer = { text: "", model: null, status: response.status, requestId: response.headers.get("x-request-id"), finishReason: null, tokens: null };
  listener.onOpen?.(answer.requestId);
  const add = (chunk: ChatChunk) => {
    if (chunk.error !== undefined) throw new RelayProblem(chunk.error.code ?? "upstream_error", chunk.error.message ?? "", response.status, answer.requestId);
    const choice = chunk.choices?.[0];
    const piece = choice?.delta?.content ?? choice?.message?.content ?? "";
    answer.model = chunk.model ?? answer.model;
    answer.finishReason = choice?.finish_reason ?? answer.finishReason;
    answer.tokens = chunk.usage?.total_tokens ?? answer.tokens;
    if (piece !== "") {
      answer.text += piece;
      listener.onText?.(piece);
    }
  };
  if (!body.stream || response.body === null) add((await response.json()) as ChatChunk);
  else for await (const data of readEvents(response.body)) add(JSON.parse(data) as ChatChunk);
  return answer;
}

type ChatChunk = {
  model?: string;
  choices?: { delta?: { content?: string | null }; message?: { content?: string | null }; finish_reason?: string | null }[];
  usage?: { total_tokens?: number } | null;
  error?: { code?: string; message?: string };
};

async function send(fetch: RelayFetch, request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
    throw new RelayProblem("no_connection", thrown instanceof Error ? thrown.message : String(thrown), 0, null);
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { error?: { code?: string | null; message?: string } };
  throw new RelayProblem(body.error?.code ?? "unreadable_answer", body.error?.message ?? `HTTP ${response.status}`, response.status, response.headers.get("x-request-id"));
}

/** The data of each event of a stream, up to its end mark. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      const lines = rest.split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const data = line.startsWith("data:") ? line.slice(5).trim() : "";
        if (data === "[DONE]") return;
        if (data !== "") yield data;
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** The pages are served by the relay's own site; a request needs the address in full. */
function address(path: string): string {
  return new URL(path, globalThis.location?.origin ?? "http://localhost").toString();
}
