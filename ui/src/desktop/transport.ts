import type { Fetch } from "@/api/client";
import { ApiProblem, type ProblemCode } from "@/api/problem";

import { toShellFailure, type Shell, type ShellFailure } from "./shell";
import type { Call } from "./shell-types";

/** Where requests say that they go. No name is ever looked up: the shell is told the path alone. */
export const NOWHERE = "https://connection.invalid";

/** What the shell takes; it adds the rest itself. */
const HEADERS = ["idempotency-key", "x-proof"] as const;
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** The way of calls to one site through the shell. What the shell says instead of an answer is thrown as an ApiProblem. */
export function transportTo(connection: string, shell: Shell): Fetch {
  return async (request) => {
    const call = await callOf(connection, request);
    const { status, headers, body } = await unlessAborted(request.signal, shell.api(call).catch(throwProblem));
    return new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers });
  };
}

/** A failure of the shell, as screens know failures. */
export class ShellProblem extends ApiProblem {
  constructor(readonly failure: ShellFailure) {
    super(failure.code as ProblemCode, failure.message);
  }
}

export function throwProblem(thrown: unknown): never {
  throw new ShellProblem(toShellFailure(thrown));
}

async function callOf(connection: string, request: Request): Promise<Call> {
  const { pathname, searchParams } = new URL(request.url);
  const body = await request.text();
  const headers = HEADERS.flatMap((name) => {
    const value = request.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    connection,
    method: request.method,
    // Ids are written as they are; what is no id the shell refuses.
    path: decodeURIComponent(pathname),
    query: [...searchParams],
    headers: Object.fromEntries(headers),
    body: body === "" ? null : body,
  };
}

/** The shell finishes what it has begun; nobody waits for it who does not want to any more. */
function unlessAborted<Answer>(signal: AbortSignal, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
