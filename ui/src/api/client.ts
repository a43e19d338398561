import createClient, { type Client } from "openapi-fetch";

import { ApiProblem, isSessionOver, readProblem, toProblem } from "./problem";
import type { paths } from "./schema";

export type Api = Client<paths>;
export type Fetch = (request: Request) => Promise<Response>;

export type Host = {
  /** How calls leave: the browser's own, or the desktop's way through its shell. */
  fetch: Fetch;
  /** Where the API is, as in `https://ai.example.com`; a browser's own site where it is not given. */
  baseUrl?: string;
  /** Asks the reader to prove again who they are. Gives the proof, or null when they turn away. */
  askForProof: () => Promise<string | null>;
  /** Called when the session is over. */
  onSignedOut: () => void;
};

/** The one client of the management API. */
export function createApi(host: Host): Api {
  const kept: KeptProof = { proof: null };
  return createClient<paths>({
    baseUrl: host.baseUrl ?? "",
    fetch: (request) => callWithProof(host, kept, request),
    credentials: "same-origin",
  });
}

/** Waits for a call and gives what it answered, or throws an ApiProblem. */
export async function take<Data>(call: Promise<{ data?: Data; error?: unknown; response: Response }>): Promise<Data> {
  try {
    const { data, error, response } = await call;
    if (!response.ok) throw readProblem(error, response, Date.now());
    return data as Data;
  } catch (thrown) {
    throw toProblem(thrown);
  }
}

type KeptProof = { proof: string | null };

/** Drafts of a channel are tried with a proof that the server only looks at; what saves the draft uses it up. */
const LOOKS_AT_PROOF: ReadonlySet<string> = new Set(["/api/admin/channels/test", "/api/admin/channels/fetch-models"]);
const USES_UP_PROOF = "/api/admin/channels";

/** Sends a call. Where it needs a fresh proof, asks for one and sends it once more. */
async function callWithProof(host: Host, kept: KeptProof, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const looksOnly = LOOKS_AT_PROOF.has(pathname);
  const again = request.clone();
  const yetAgain = request.clone();
  const response = await send(host, request);
  if (!(await needsProof(response))) return response;
  if (kept.proof !== null && (looksOnly || pathname === USES_UP_PROOF)) {
    again.headers.set("x-proof", kept.proof);
    if (!looksOnly) kept.proof = null;
    const answer = await host.fetch(again);
    if (!(await needsProof(answer))) return answer;
  }
  const proof = await host.askForProof();
  if (proof === null) throw new ApiProblem("withheld", "No proof was given.");
  kept.proof = looksOnly ? proof : null;
  yetAgain.headers.set("x-proof", proof);
  return host.fetch(yetAgain);
}

/** Sends a call, and tells where it turns out that the session is over. */
async function send(host: Host, request: Request): Promise<Response> {
  try {
    const response = await host.fetch(request);
    if (response.status === 401 && isSessionOver(await codeOf(response))) host.onSignedOut();
    return response;
  } catch (thrown) {
    if (thrown instanceof ApiProblem && isSessionOver(thrown.code)) host.onSignedOut();
    throw thrown;
  }
}

async function needsProof(response: Response): Promise<boolean> {
  return response.status === 403 && (await codeOf(response)) === "proof_required";
}

async function codeOf(response: Response): Promise<unknown> {
  try {
    const body: unknown = await response.clone().json();
    return (body as { error?: { code?: unknown } } | null)?.error?.code;
  } catch {
    return undefined;
  }
}
