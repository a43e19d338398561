import i18next, { type i18n } from "i18next";
import { initReactI18next } from "react-i18next";

import { isolate } from "./isolate";
import { preferredLanguage, rememberLanguage, type Language } from "./language";

type Messages = Record<string, object>;
/** Fetches the words of one language, by namespace. */
export type LoadMessages = (language: Language) => Promise<Messages>;

/** Starts the languages with the preferred one. Its words are fetched before the first picture. */
export async function startLanguages(load: LoadMessages): Promise<i18n> {
  const language = preferredLanguage();
  const messages = await load(language);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: messages },
    ns: Object.keys(messages),
    defaultNS: "shared",
    // React escapes what it shows. What comes from elsewhere keeps to itself: a name written from right to left, or one
    // that turns the direction round, does not turn the words beside it.
    interpolation: { escape: isolate },
    returnNull: false,
  });
  showLanguage(language);
  loader = load;
  return i18next;
}

let loader: LoadMessages | null = null;

/** Changes to a language and remembers it. */
export async function changeLanguage(language: Language) {
  if (loader !== null && !i18next.hasResourceBundle(language, "shared")) {
    for (const [namespace, messages] of Object.entries(await loader(language))) {
      i18next.addResourceBundle(language, namespace, messages);
    }
  }
  await i18next.changeLanguage(language);
  rememberLanguage(language);
  showLanguage(language);
}

function showLanguage(language: Language) {
  document.documentElement.lang = language;
}
