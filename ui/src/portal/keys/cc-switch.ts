/** The programs that CC Switch can set up for calls of the kind that the relay answers. */
export const CC_SWITCH_APPS = ["claude", "opencode", "openclaw", "hermes"] as const;
export type CcSwitchApp = (typeof CC_SWITCH_APPS)[number];

/**
 * The link that hands a key to the CC Switch app. It carries the key, so it is made on a press and given to the browser
 * at once: it never stands in the page, in its address or in its history.
 */
export function ccSwitchLink(app: CcSwitchApp, site: { name: string; root: string; base: string }, secret: string, model: string | undefined): string {
  const fields: Record<string, string> = {
    resource: "provider",
    app,
    name: site.name,
    homepage: site.root,
    // Claude Code's requests are translated by CC Switch itself, which adds the rest of the path.
    endpoint: app === "claude" ? site.root : site.base,
    apiKey: secret,
    ...(app === "claude" ? { apiFormat: "openai_chat" } : {}),
    ...(model === undefined ? {} : { model }),
  };
  return `ccswitch://v1/import?${new URLSearchParams(fields)}`;
}
