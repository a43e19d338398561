export const LANGUAGES = ["zh-CN", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What each language calls itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { "zh-CN": "简体中文", en: "English" };

const STORED_AS = "waystation.language";

/** The language that was chosen, or else the one of the browser that we have. */
export function preferredLanguage(): Language {
  return closestLanguage(readStored() ?? navigator.language);
}

export function rememberLanguage(language: Language) {
  try {
    localStorage.setItem(STORED_AS, language);
  } catch {
    // A browser that keeps nothing asks again the next time.
  }
}

export function closestLanguage(tag: string): Language {
  return /^zh/i.test(tag) ? "zh-CN" : "en";
}

function readStored(): string | null {
  try {
    return localStorage.getItem(STORED_AS);
  } catch {
    return null;
  }
}
