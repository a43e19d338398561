import { useTranslation } from "react-i18next";

import { THEMES, useTheme } from "@/features/appearance";
import { LANGUAGES, LANGUAGE_NAMES, type Language } from "@/i18n/language";
import { changeLanguage } from "@/i18n/start";
import { Button } from "@/kit/button";
import { Fact, Facts } from "@/kit/facts";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Segments } from "@/kit/segments";
import { Skeleton } from "@/kit/skeleton";
import { Switch } from "@/kit/switch";
import { useToast } from "@/kit/toast";

import { UpdatesPanel } from "../app/updates-panel";
import { useAppView, useDeed, usePreferences } from "../desk";
import { SecretsPlace } from "../secrets/secrets-place";
import { ShellAlert } from "../shell-alert";
import type { AppView, Preferences } from "../shell-types";
import { useWindowTitle } from "../window-title";

/** How the app behaves on this computer. */
export function AppPage() {
  const { t } = useTranslation("machine");
  const app = useAppView();
  const preferences = usePreferences();
  useWindowTitle(t("app.title"));
  const failed = app.isError ? app : preferences.isError ? preferences : null;
  return (
    <>
      <PageHeader title={t("app.title")} description={t("app.why")} />
      <div className="grid grid-cols-1 gap-5">
        {failed !== null && <ShellAlert failure={failed.error} onRetry={() => void failed.refetch()} />}
        <Appearance />
        {app.data !== undefined && preferences.data !== undefined ? <Behaviour app={app.data} preferences={preferences.data} /> : <Skeleton className="h-40" />}
        {app.data !== undefined && <UpdatesPanel app={app.data} />}
        <Panel title={t("secrets.title", { ns: "connections" })} description={t("secrets.why", { ns: "connections" })}>
          <SecretsPlace canMove />
        </Panel>
        {app.data !== undefined && <Help app={app.data} />}
        <ShortcutKeys />
      </div>
    </>
  );
}

function Appearance() {
  const { t } = useTranslation("machine");
  const shared = useTranslation().t;
  const { i18n } = useTranslation();
  const [theme, setTheme] = useTheme();
  return (
    <Panel title={t("app.appearance")}>
      <div className="grid gap-4">
        <Choice label={shared("appearance.language")}>
          <Segments
            label={shared("appearance.language")}
            value={i18n.language as Language}
            options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
            onChange={(language) => void changeLanguage(language)}
          />
        </Choice>
        <Choice label={shared("appearance.theme")}>
          <Segments
            label={shared("appearance.theme")}
            value={theme}
            options={THEMES.map((value) => ({ value, label: shared(`appearance.themes.${value}`) }))}
            onChange={setTheme}
          />
        </Choice>
      </div>
    </Panel>
  );
}

/** A label beside a choice that names itself to who does not see it. */
function Choice({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <span aria-hidden="true">{label}</span>
      {children}
    </div>
  );
}

function Behaviour({ app, preferences }: { app: AppView; preferences: Preferences }) {
  const { t } = useTranslation("machine");
  const choose = useDeed({ act: (shell, chosen: Partial<Preferences>) => shell.updatePreferences({ ...preferences, ...chosen }), changes: ["preferences"] });
  const autostart = useDeed({ act: (shell, enabled: boolean) => shell.setAutostart(enabled), changes: ["app"] });
  const failure = choose.error ?? autostart.error;
  return (
    <Panel title={t("app.behaviour")}>
      <div className="grid gap-4">
        {failure !== null && <ShellAlert failure={failure} />}
        <Switch
          label={t("app.notifications")}
          hint={t("app.notificationsHint")}
          checked={preferences.has_notifications ?? true}
          disabled={choose.isPending}
          onChange={(event) => choose.mutate({ has_notifications: event.target.checked })}
        />
        <Switch
          label={t("app.tray")}
          hint={t("app.trayHint")}
          checked={preferences.stays_in_tray ?? true}
          disabled={choose.isPending}
          onChange={(event) => choose.mutate({ stays_in_tray: event.target.checked })}
        />
        <Switch
          label={t("app.autostart")}
          hint={t("app.autostartHint")}
          checked={app.autostart}
          disabled={autostart.isPending}
          onChange={(event) => autostart.mutate(event.target.checked)}
        />
      </div>
    </Panel>
  );
}

function Help({ app }: { app: AppView }) {
  const { t } = useTranslation("machine");
  const toast = useToast();
  const save = useDeed({
    act: (shell) => shell.saveDiagnostics(),
    onDone: (path: string | null) => path !== null && toast({ text: t("app.diagnosticsSaved", { path }) }),
  });
  return (
    <Panel
      title={t("app.help")}
      description={t("app.diagnosticsHint")}
      actions={
        <Button pending={save.isPending} onClick={() => save.mutate()}>
          {t("app.diagnostics")}
        </Button>
      }
    >
      <div className="grid gap-3">
        {save.isError && <ShellAlert failure={save.error} />}
        <Facts>
          <Fact name={t("app.version")}>{app.version}</Fact>
          <Fact name={t("app.bundle")}>{app.bundle ?? t("app.bundleUnknown")}</Fact>
        </Facts>
      </div>
    </Panel>
  );
}

const KEYS = [
  ["palette", "Ctrl K · ⌘ K"],
  ["switch", "Ctrl 1 … 9 · ⌘ 1 … 9"],
  ["help", "?"],
] as const;

function ShortcutKeys() {
  const { t } = useTranslation("machine");
  return (
    <Panel title={t("app.shortcuts")}>
      <Facts>
        {KEYS.map(([name, keys]) => (
          <Fact key={name} name={t(`app.keys.${name}`)}>
            <kbd className="rounded-control border border-line bg-sunken px-1.5 py-0.5 font-mono text-[0.8125rem]">{keys}</kbd>
          </Fact>
        ))}
      </Facts>
    </Panel>
  );
}
