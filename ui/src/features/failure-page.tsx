import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { Mark } from "@/kit/mark";

import { ProblemAlert } from "./problem-alert";
import { usePageTitle } from "./page-title";

/** Says that a page could not be shown, and offers to try again. */
export function FailurePage({ error }: { error: unknown }) {
  return (
    <div className="mx-auto grid min-h-dvh max-w-md content-center gap-4 px-4">
      <Mark />
      <ProblemAlert problem={error} onRetry={() => location.reload()} />
    </div>
  );
}

/** Says that there is no such page. */
export function LostPage({ home }: { home: string }) {
  const { t } = useTranslation();
  usePageTitle(t("lost.title"));
  return (
    <main className="grid min-h-dvh place-content-center">
      <EmptyState isPage icon={<Mark />} title={t("lost.title")} action={<Button onClick={() => location.assign(home)}>{t("lost.home")}</Button>}>
        {t("lost.why")}
      </EmptyState>
    </main>
  );
}
