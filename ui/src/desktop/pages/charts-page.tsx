import { useTranslation } from "react-i18next";

import { PageHeader } from "@/kit/page-header";

export function ChartsPage() {
  const { t } = useTranslation("panel");
  return <PageHeader title={t("places.charts")} />;
}
