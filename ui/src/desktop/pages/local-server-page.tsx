import { useTranslation } from "react-i18next";

import { PageHeader } from "@/kit/page-header";

export function LocalServerPage() {
  const { t } = useTranslation("panel");
  return <PageHeader title={t("places.localServer")} />;
}
