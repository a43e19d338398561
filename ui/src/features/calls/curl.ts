import type { Request } from "@/api/schema";

/**
 * The command that makes a call of the same shape again. The key is left to the shell, and what was said is left out:
 * neither is kept on the site.
 */
export function writeCurl(request: Pick<Request, "route" | "model" | "stream">, root: string): string {
  const body = { model: request.model, messages: [{ role: "user", content: "…" }], ...(request.stream ? { stream: true } : {}) };
  const flags = request.stream ? "-N " : "";
  return [
    `curl ${flags}${quote(root + request.route)} \\`,
    `  -H "Authorization: Bearer $WAYSTATION_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${quote(JSON.stringify(body))}`,
  ].join("\n");
}

/** For a shell: in single quotes, whatever it holds. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
