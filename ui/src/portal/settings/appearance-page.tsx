import { useTranslation } from "react-i18next";

import { THEMES, useTheme } from "@/features/appearance";
import { usePageTitle } from "@/features/page-title";
import { localZone } from "@/features/range";
import { useSite } from "@/features/site";
import { LANGUAGES, LANGUAGE_NAMES, type Language } from "@/i18n/language";
import { changeLanguage } from "@/i18n/start";
import { Fact, Facts } from "@/kit/facts";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Segments } from "@/kit/segments";

/** The language, the theme and the zone in which the site is read. They are this browser's and not the account's. */
export function AppearancePage() {
  const { t, i18n } = useTranslation("appearance");
  const [theme, setTheme] = useTheme();
  const siteZone = useSite().data?.time_zone ?? "UTC";
  usePageTitle(t("title"));
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} />
      <div className="grid gap-5">
        <Panel title={t("language")} description={t("languageWhy")}>
          <Segments
            label={t("language")}
            value={i18n.language as Language}
            options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
            onChange={(language) => void changeLanguage(language)}
          />
        </Panel>
        <Panel title={t("theme")} description={t("themeWhy")}>
          <Segments
            label={t("theme")}
            value={theme}
            options={THEMES.map((value) => ({ value, label: t(`appearance.themes.${value}`, { ns: "shared" }) }))}
            onChange={setTheme}
          />
        </Panel>
        <Panel title={t("zone")} description={t("zoneWhy", { zone: siteZone })}>
          <Facts>
            <Fact name={t("shown")}>{localZone(i18n.language).shown}</Fact>
          </Facts>
        </Panel>
      </div>
    </>
  );
}
