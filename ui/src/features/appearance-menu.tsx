import { Languages, SunMoon } from "lucide-react";
import { useTranslation } from "react-i18next";

import { changeLanguage } from "@/i18n/start";
import { LANGUAGES, LANGUAGE_NAMES, type Language } from "@/i18n/language";
import { IconButton } from "@/kit/icon-button";
import { Menu, MenuChoice } from "@/kit/menu";

import { THEMES, useTheme, type Theme } from "./appearance";

const LANGUAGE_OPTIONS = LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }));

/** The choice of language, for a menu. */
export function LanguageChoice() {
  const { t, i18n } = useTranslation();
  return (
    <MenuChoice
      label={t("appearance.language")}
      value={i18n.language}
      options={LANGUAGE_OPTIONS}
      onChange={(language) => void changeLanguage(language as Language)}
    />
  );
}

/** The choice of theme, for a menu. */
export function ThemeChoice() {
  const { t } = useTranslation();
  const [theme, setTheme] = useTheme();
  const options = THEMES.map((value) => ({ value, label: t(`appearance.themes.${value}`) }));
  return <MenuChoice label={t("appearance.theme")} value={theme} options={options} onChange={(chosen) => setTheme(chosen as Theme)} />;
}

/** Both choices as two buttons, for pages without a frame. */
export function AppearanceButtons() {
  const { t } = useTranslation();
  return (
    <div className="flex gap-1">
      <Menu trigger={<IconButton label={t("appearance.language")} icon={<Languages size={18} />} />}>
        <LanguageChoice />
      </Menu>
      <Menu trigger={<IconButton label={t("appearance.theme")} icon={<SunMoon size={18} />} />}>
        <ThemeChoice />
      </Menu>
    </div>
  );
}
