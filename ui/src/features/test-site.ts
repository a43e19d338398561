// A site for tests: answers by route, nothing else.
import type { Fetch } from "@/api/client";
import type { FieldError, SignInOptions } from "@/api/schema";

export type Answers = Record<string, (body: Record<string, string>, request: Request) => [number, unknown]>;

/** A failure as the server writes it. */
export const error = (code: string, fields: FieldError[] = []) => ({
  error: { code, message: "No.", fields, request_id: "req_1" },
});

/** What a site says about signing in that takes everybody and has no providers. */
export const OPTIONS: SignInOptions = {
  registration: "open", requires_verification: true, allowed_domains: [], is_mail_sent: true, password_length_min: 10, providers: [], has_passkeys: true, is_signed_in: true,
};

/** Answers every route that is named, and 404 to all others. */
export function serve(answers: Answers): Fetch {
  return async (request) => {
    const text = await request.clone().text();
    const answer = answers[`${request.method} ${new URL(request.url).pathname}`];
    const [status, body] = answer === undefined ? [404, error("not_found")] : answer(text === "" ? {} : JSON.parse(text), request);
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
  };
}
