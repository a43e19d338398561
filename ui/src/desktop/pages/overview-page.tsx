import { useTranslation } from "react-i18next";

import { PageHeader } from "@/kit/page-header";

export function OverviewPage() {
  const { t } = useTranslation("panel");
  return <PageHeader title={t("places.overview")} />;
}
