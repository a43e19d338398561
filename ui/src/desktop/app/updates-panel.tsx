import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { Panel } from "@/kit/panel";
import { useToast } from "@/kit/toast";

import { useDeed } from "../desk";
import { ShellAlert } from "../shell-alert";
import type { AppView, NewVersion } from "../shell-types";

/** What brings such an app up to date is the system's package manager. */
const MANAGED: ReadonlySet<string> = new Set(["deb", "rpm"]);

/** Looks for a newer version when asked to, and says who else does where this app does not. */
export function UpdatesPanel({ app }: { app: AppView }) {
  const { t } = useTranslation("machine");
  if (!app.can_update) {
    const isManaged = app.bundle !== null && MANAGED.has(app.bundle);
    return <Panel title={t("app.updates")} description={isManaged ? t("app.managed") : t("app.builtWithout")} />;
  }
  return <SelfUpdates />;
}

function SelfUpdates() {
  const { t } = useTranslation("machine");
  const toast = useToast();
  /** Undefined: nobody has looked yet. */
  const [found, setFound] = useState<NewVersion | null | undefined>(undefined);
  const check = useDeed({ act: (shell) => shell.checkForUpdates(), onDone: setFound });
  const install = useDeed({ act: (shell) => shell.installUpdate() });
  const skip = useDeed({
    act: (shell, version: string) => shell.skipUpdate(version),
    onDone: (_, version) => {
      setFound(undefined);
      toast({ text: t("app.skipped", { version }) });
    },
  });
  const failure = check.error ?? install.error ?? skip.error;
  return (
    <Panel
      title={t("app.updates")}
      actions={
        <Button pending={check.isPending} onClick={() => check.mutate()}>
          {t("app.check")}
        </Button>
      }
    >
      <div className="grid gap-4 empty:hidden">
        {failure !== null && <ShellAlert failure={failure} />}
        {found === null && <p role="status">{t("app.upToDate")}</p>}
        {found !== undefined && found !== null && (
          <div className="grid gap-3" role="status">
            <p className="font-medium">{t("app.found", { version: found.version })}</p>
            <p className="max-h-60 overflow-y-auto whitespace-pre-wrap text-muted">{found.notes ?? t("app.noNotes")}</p>
            <p className="text-[0.8125rem] text-muted">{t("app.installHint")}</p>
            <div className="flex flex-wrap gap-2">
              <Button variant="primary" pending={install.isPending} onClick={() => install.mutate()}>
                {t("app.install")}
              </Button>
              <Button pending={skip.isPending} onClick={() => skip.mutate(found.version)}>
                {t("app.skip")}
              </Button>
            </div>
          </div>
        )}
      </div>
    </Panel>
  );
}
