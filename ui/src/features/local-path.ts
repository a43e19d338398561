const LENGTH_MAX = 512;

/**
 * Reads where somebody wants to be sent after signing in: a path of this site, or null for whatever some browser or
 * program on the way could take for another site's address.
 */
export function localPath(text: string | null | undefined): string | null {
  if (text === null || text === undefined || text.length > LENGTH_MAX) return null;
  if (!isPlain(text)) return null;
  try {
    const base = new URL("https://waystation.invalid/a/b");
    const led = new URL(text, base);
    return led.origin === base.origin && led.username === "" && led.password === "" ? text : null;
  } catch {
    return null;
  }
}

function isPlain(text: string): boolean {
  let read = text;
  for (;;) {
    const path = read.split(/[?#]/, 1)[0] ?? "";
    const isText = /^[\x21-\x7e]*$/.test(read) && !/[\\"<>]/.test(read);
    const hasDots = path.split("/").some((part) => part === "." || part === "..");
    if (!isText || !path.startsWith("/") || path.includes("//") || hasDots) return false;
    const undone = path.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
    if (undone === path) return true;
    read = undone;
  }
}
