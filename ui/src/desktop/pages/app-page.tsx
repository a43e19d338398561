import { useTranslation } from "react-i18next";

import { PageHeader } from "@/kit/page-header";

export function AppPage() {
  const { t } = useTranslation("panel");
  return <PageHeader title={t("places.app")} />;
}
