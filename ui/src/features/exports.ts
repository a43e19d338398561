import { take, type Api } from "@/api/client";
import type { operations } from "@/api/schema";

import { saveFile } from "./save-file";

type Query<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;

/** A file that the server makes of everything that fits the query, and what it is called unless the reader says otherwise. */
export type ExportedFile =
  | { operation: "export_revenue"; query: Query<"export_revenue">; name: string }
  | { operation: "export_site_usage"; query: Query<"export_site_usage">; name: string }
  | { operation: "export_audit_logs"; query: Query<"export_audit_logs">; name: string }
  | { operation: "export_my_usage_as_csv"; query: Query<"export_my_usage_as_csv">; name: string }
  | { operation: "export_my_usage_as_json"; query: Query<"export_my_usage_as_json">; name: string };

/** Fetches a file and has the browser save it. */
export async function saveInBrowser(api: Api, file: ExportedFile): Promise<string> {
  saveFile(file.name, await fetchFile(api, file));
  return file.name;
}

function fetchFile(api: Api, { operation, query }: ExportedFile): Promise<Blob> {
  const options = { params: { query }, parseAs: "blob" as const };
  switch (operation) {
    case "export_revenue":
      return take(api.GET("/api/admin/revenue/export.csv", options));
    case "export_site_usage":
      return take(api.GET("/api/admin/usage/export.csv", options));
    case "export_audit_logs":
      return take(api.GET("/api/admin/audit-logs/export.csv", options));
    case "export_my_usage_as_csv":
      return take(api.GET("/api/me/usage/export.csv", options));
    case "export_my_usage_as_json":
      return take(api.GET("/api/me/usage/export.json", options));
  }
}
