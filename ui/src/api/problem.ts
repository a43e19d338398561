import type { ErrorCode, ErrorReply, FieldError } from "./schema";

/** What can go wrong with a call beside what the server names. */
export type ProblemCode =
  | ErrorCode
  /** The server did not answer. */
  | "no_connection"
  /** Something answered that is not the server, or not as it should. */
  | "unreadable_answer"
  /** The reader turned away from what was asked first, such as a proof; nothing to complain about. */
  | "withheld"
  /** Between the desktop app's window and the site stands its shell, which has reasons of its own. */
  | ShellCode;

export type ShellCode =
  | "unknown_connection"
  | "unknown_operation"
  | "malformed_call"
  | "call_too_large"
  | "read_only"
  | "writes_locked"
  | "not_paired"
  | "signed_out"
  | "not_running"
  | "key_changed"
  | "untrusted"
  | "timed_out"
  | "answer_too_large"
  | "refused"
  | "tls_policy"
  | "file"
  | "keyring_unavailable"
  | "secrets_locked"
  | "wrong_passphrase"
  | "weak_passphrase"
  | "secret_damaged"
  | "secret_not_kept"
  | "link_refused"
  | "shell_failed";

/** Whoever calls is not signed in, or not any more. */
export function isSessionOver(code: unknown): boolean {
  return code === "invalid_token" || code === "signed_out" || code === "not_paired";
}

/** A call that did not succeed. There is no other kind of failure above the client. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";

  constructor(
    readonly code: ProblemCode,
    /** What the server says, in English; for codes that have no words of their own. */
    message: string,
    readonly status = 0,
    readonly fields: readonly FieldError[] = [],
    readonly requestId: string | null = null,
    /** When to come again, in unix milliseconds. */
    readonly retryAt: number | null = null,
  ) {
    super(message);
  }
}

/** Reads what a failed call answered. */
export function readProblem(body: unknown, response: Response, now: number): ApiProblem {
  const requestId = response.headers.get("x-request-id");
  const retryAt = readRetryAfter(response.headers.get("retry-after"), now);
  if (isErrorReply(body)) {
    const { code, message, fields = [], request_id } = body.error;
    return new ApiProblem(code, message, response.status, fields, request_id, retryAt);
  }
  return new ApiProblem("unreadable_answer", `HTTP ${response.status}`, response.status, [], requestId, retryAt);
}

/** Whatever was thrown, as a problem. */
export function toProblem(thrown: unknown): ApiProblem {
  if (thrown instanceof ApiProblem) return thrown;
  if (thrown instanceof TypeError) return new ApiProblem("no_connection", thrown.message);
  return new ApiProblem("unreadable_answer", thrown instanceof Error ? thrown.message : String(thrown));
}

function readRetryAfter(text: string | null, now: number): number | null {
  if (text === null) return null;
  if (/^\d+$/.test(text)) return now + Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : date;
}

function isErrorReply(body: unknown): body is ErrorReply {
  const error = (body as ErrorReply | null | undefined)?.error;
  return typeof error?.code === "string" && typeof error.message === "string";
}
