import { Play, Square, SquareTerminal } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Alert } from "@/kit/alert";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { CopyButton } from "@/kit/copy-button";
import { Fact, Facts } from "@/kit/facts";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Skeleton } from "@/kit/skeleton";
import { Spinner } from "@/kit/spinner";

import { useConnections, useDeed, useLocalServer } from "../desk";
import { KeepRunning } from "../local-server/keep-running";
import { LogPanel } from "../local-server/log-panel";
import { SetupPanel } from "../local-server/setup-panel";
import { useOpenSite } from "../open-site";
import { ShellAlert } from "../shell-alert";
import type { LocalServerView, LocalState, TakenPort } from "../shell-types";
import { useWindowTitle } from "../window-title";

/** The server that comes with the app. */
export function LocalServerPage() {
  const { t } = useTranslation("local");
  const local = useLocalServer();
  useWindowTitle(t("title"));
  const { data } = local;
  const needsSetup = data?.server.state === "running" && data.server.needs_setup;
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} />
      <div className="grid grid-cols-1 gap-5">
        {local.isError && <ShellAlert failure={local.error} onRetry={() => void local.refetch()} />}
        {local.isPending && <Skeleton className="h-32" />}
        {data !== undefined && (
          <>
            <ServerPanel view={data} />
            {needsSetup && <SetupPanel />}
            <LogPanel />
            <KeepRunning view={data} />
          </>
        )}
      </div>
    </>
  );
}

const TONES = { stopped: "neutral", starting: "accent", running: "success", unhealthy: "warning", stopping: "accent", failed: "danger" } as const;

function ServerPanel({ view: { server, is_service, connection } }: { view: LocalServerView }) {
  const { t } = useTranslation("local");
  const start = useDeed({ act: (shell) => shell.startLocalServer(), changes: ["local-server", "connections"] });
  const stop = useDeed({ act: (shell) => shell.stopLocalServer(), changes: ["local-server", "connections"] });
  const open = useOpenSite();
  const { state } = server;
  // The connection of this computer goes on with the service, and knows where that is.
  const own = useConnections().data?.connections.find(({ id }) => id === connection);
  const serviceUrl = is_service ? (own?.address ?? null) : null;
  const isReady = (state === "running" && !server.needs_setup) || serviceUrl !== null;
  const mayStart = (state === "stopped" || state === "failed") && !is_service;
  const mayStop = state === "starting" || state === "running" || state === "unhealthy" || state === "stopping";
  const isUnderWay = state === "starting" || state === "stopping";
  // What a failed start says is in the state that is left.
  const failure = start.error?.code === "server_failed" ? (stop.error ?? open.error) : (start.error ?? stop.error ?? open.error);
  return (
    <Panel>
      <div className="grid gap-4">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <div className="flex min-w-0 flex-wrap items-center gap-2.5" role="status">
            {isUnderWay && <Spinner className="text-accent" />}
            <Badge tone={is_service ? (serviceUrl === null ? "warning" : "success") : TONES[state]}>{is_service ? t("states.service") : t(`states.${state}`)}</Badge>
            <p className="min-w-0 text-muted">{is_service ? t(serviceUrl === null ? "says.serviceAway" : "says.service") : <Says of={server} />}</p>
          </div>
          <div className="flex flex-wrap gap-2">
            {isReady && connection !== null && (
              <Button variant="primary" icon={<SquareTerminal size={16} />} pending={open.isPending} onClick={() => open.mutate(connection)}>
                {t("openConsole")}
              </Button>
            )}
            {mayStart && (
              <Button variant="primary" icon={<Play size={16} />} pending={start.isPending} onClick={() => start.mutate()}>
                {state === "failed" ? t("startAgain") : t("start")}
              </Button>
            )}
            {mayStop && (
              <Button icon={<Square size={16} />} pending={stop.isPending || state === "stopping"} onClick={() => stop.mutate()}>
                {t("stop")}
              </Button>
            )}
          </div>
        </div>
        {failure !== null && <ShellAlert failure={failure} />}
        {state === "failed" && <Failed of={server} />}
        {state === "running" && server.taken_port !== null && <Taken port={server.taken_port} />}
        {state === "running" && <Running url={server.url} version={server.version} process={server.process} />}
        {is_service && serviceUrl !== null && <Running url={serviceUrl} />}
      </div>
    </Panel>
  );
}

function Says({ of: server }: { of: LocalState }) {
  const { t } = useTranslation("local");
  switch (server.state) {
    case "failed":
      return t(`reasons.${isPortBusy(server.message) ? "portBusy" : server.reason}`);
    case "unhealthy":
      return t("says.unhealthy", { url: server.url });
    default:
      return t(`says.${server.state}`);
  }
}

/** The end of the log says more than the reason alone. */
function Failed({ of: { message, exit_code } }: { of: Extract<LocalState, { state: "failed" }> }) {
  const { t } = useTranslation("local");
  if (message === null && exit_code === null) return null;
  return (
    <Alert tone="danger">
      {message !== null && <p className="font-mono text-[0.8125rem] break-words">{message}</p>}
      {exit_code !== null && <p className="text-[0.8125rem] text-muted">{t("reasons.withCode", { code: exit_code })}</p>}
    </Alert>
  );
}

function Taken({ port: { port, holder } }: { port: TakenPort }) {
  const { t } = useTranslation("local");
  return <Alert tone="warning">{holder === null ? t("taken.bySomething", { port }) : t("taken.by", { port, ...holder })}</Alert>;
}

/** Where programs find it, and what is known of it beside. */
function Running({ url, version, process }: { url: string; version?: string; process?: number }) {
  const { t } = useTranslation("local");
  const baseUrl = `${url}/v1`;
  return (
    <Facts>
      <Fact name={t("address")}>
        <code className="font-mono">{url}</code>
      </Fact>
      <Fact name={t("baseUrl")}>
        <span className="inline-flex items-center gap-1">
          <code className="font-mono">{baseUrl}</code>
          <CopyButton value={baseUrl} label={t("copyBaseUrl")} />
        </span>
      </Fact>
      {version !== undefined && <Fact name={t("version")}>{version}</Fact>}
      {process !== undefined && <Fact name={t("process")}>{process}</Fact>}
    </Facts>
  );
}

/** Systems say it in words of their own, which the server passes on in its last line. */
function isPortBusy(message: string | null): boolean {
  return message !== null && /address (is )?already in use|EADDRINUSE/i.test(message);
}
