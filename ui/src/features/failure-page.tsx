import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { Mark } from "@/kit/mark";

import { PagePending } from "./first-paint";
import { PageMissing } from "./lazy-page";
import { ProblemAlert } from "./problem-alert";
import { usePageTitle } from "./page-title";
import { useApi } from "./services";
import { useSurroundings } from "./surroundings";

/** Writes a fault of a page down for whoever looks for it. That a page's code did not come is none, and is told on the page. */
export function writeFault(error: unknown) {
  // oxlint-disable-next-line no-console -- The console is where a fault of a page is looked for.
  if (!(error instanceof PageMissing)) console.error(error);
}

type FailurePageProps = { error: unknown; onRetry?: () => void };

/** Says that a page could not be shown, and offers to try again. */
export function FailurePage({ error, onRetry }: FailurePageProps) {
  const { reload } = useSurroundings();
  const retry = onRetry ?? reload;
  return (
    <div className="mx-auto grid min-h-dvh max-w-md content-center gap-4 px-4">
      <Mark />
      {error instanceof PageMissing ? <Missing page={error} onBack={retry} /> : <ProblemAlert problem={error} onRetry={retry} />}
    </div>
  );
}

/** The same in the place of one page; what stands around it stays. */
export function PartFailure({ error, reset }: { error: unknown; reset: () => void }) {
  const { reload } = useSurroundings();
  return (
    <div className="mx-auto grid w-full max-w-md gap-4 py-10">
      {error instanceof PageMissing ? <Missing page={error} onBack={reset} /> : <ProblemAlert problem={error} onRetry={reload} />}
    </div>
  );
}

/** Finds out why the code of a page did not come. With the connection back it is fetched; a newer server does not have it any more. */
function Missing({ page, onBack }: { page: PageMissing; onBack: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const { reload } = useSurroundings();
  const found = useQuery({
    queryKey: ["missing-page"],
    queryFn: async () => {
      await take(api.GET("/api/site"));
      return page.again().then(
        () => "there" as const,
        () => "gone" as const,
      );
    },
    gcTime: 0,
    staleTime: 0,
    retry: false,
  });
  const isThere = found.data === "there";
  const back = useRef(onBack);
  useEffect(() => {
    back.current = onBack;
  });
  useEffect(() => {
    if (isThere) back.current();
  }, [isThere]);
  if (found.isError) return <ProblemAlert problem={found.error} onRetry={() => void found.refetch()} />;
  if (found.data !== "gone") return <PagePending />;
  return (
    <Alert
      tone="info"
      live
      title={t("version.new")}
      action={
        <Button variant="primary" onClick={reload}>
          {t("version.reload")}
        </Button>
      }
    >
      {t("version.pageGone")}
    </Alert>
  );
}

/** Says that there is no such page. */
export function LostPage({ home }: { home: string }) {
  const { t } = useTranslation();
  const { history } = useRouter();
  usePageTitle(t("lost.title"));
  return (
    <main className="grid min-h-dvh place-content-center">
      <EmptyState isPage icon={<Mark />} title={t("lost.title")} action={<Button onClick={() => history.push(home)}>{t("lost.home")}</Button>}>
        {t("lost.why")}
      </EmptyState>
    </main>
  );
}
