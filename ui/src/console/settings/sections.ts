import type { Setting } from "@/api/schema";

export const SECTIONS = ["live", "site", "accounts", "mail", "relay", "billing", "server", "storage", "logs", "other"] as const;
export type Section = (typeof SECTIONS)[number];

const SECTION_OF: Readonly<Record<string, Section>> = {
  site: "site", balance: "site", sessions: "accounts", auth: "accounts", oauth: "accounts", mail: "mail", relay: "relay", compat: "relay", keys: "relay", billing: "billing",
  http: "server", tls: "server", proxy: "server", limits: "server", database: "storage", redis: "storage", log: "logs", metrics: "logs",
};
/** Those whose names say no subject. */
const SERVER = ["listen", "data_dir", "public_url", "master_key"];

/** What a setting is about; first of all, whether it can be changed while the server runs. */
function sectionOf({ name, is_editable, locked_by }: Setting): Section {
  if (is_editable || (locked_by !== null && locked_by !== undefined)) return "live";
  return SERVER.includes(name) ? "server" : (SECTION_OF[name.split(".")[0] ?? ""] ?? "other");
}

/** Settings by what they are about, in their order, and what can be changed at once before all else. */
export function groupSettings(settings: readonly Setting[]): [Section, Setting[]][] {
  return SECTIONS.map((section): [Section, Setting[]] => [section, settings.filter((setting) => sectionOf(setting) === section)]).filter(([, found]) => found.length > 0);
}
