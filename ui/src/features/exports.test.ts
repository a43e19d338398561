import { afterEach, expect, it, vi } from "vitest";

import { createApi } from "@/api/client";

import { saveInBrowser, type ExportedFile } from "./exports";

const apiOf = (answer: Response, asked: string[] = []) =>
  createApi({
    fetch: async ({ url }) => {
      asked.push(url);
      return answer;
    },
    baseUrl: "http://site.test",
    askForProof: async () => null,
    onSignedOut: () => undefined,
  });

afterEach(() => vi.restoreAllMocks());

it("each file is fetched from its own address, as it was filtered, and saved by the browser", async () => {
  const saved: [string, string][] = [];
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:file");
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push([this.download, this.href]);
  });
  const files: [ExportedFile, string][] = [
    [{ operation: "export_revenue", query: { by: "month" }, name: "revenue.csv" }, "/api/admin/revenue/export.csv?by=month"],
    [{ operation: "export_audit_logs", query: { actor: "usr_1" }, name: "audit.csv" }, "/api/admin/audit-logs/export.csv?actor=usr_1"],
    [{ operation: "export_my_usage_as_csv", query: { model: "m" }, name: "usage.csv" }, "/api/me/usage/export.csv?model=m"],
    [{ operation: "export_my_usage_as_json", query: {}, name: "usage.json" }, "/api/me/usage/export.json"],
  ];
  for (const [file, address] of files) {
    const asked: string[] = [];
    expect(await saveInBrowser(apiOf(new Response("a,b"), asked), file)).toBe(file.name);
    expect(asked).toEqual([`http://site.test${address}`]);
    expect(saved.at(-1)).toEqual([file.name, "blob:file"]);
  }
});

it("a file that is refused is not saved", async () => {
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click");
  const refused = new Response(JSON.stringify({ error: { code: "export_too_large", message: "No.", request_id: "req_1" } }), { status: 400 });
  await expect(saveInBrowser(apiOf(refused), { operation: "export_revenue", query: {}, name: "a.csv" })).rejects.toMatchObject({ code: "export_too_large" });
  expect(click).not.toHaveBeenCalled();
});
