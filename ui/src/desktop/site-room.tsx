import { Outlet, useNavigate } from "@tanstack/react-router";
import { Cable } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import { isTurnedAway, TurnedAway } from "@/console/turned-away";
import { PagePending } from "@/features/first-paint";
import { SitePrompts, SiteServicesProvider } from "@/features/services";
import { useMe } from "@/features/session";
import { SurroundingsProvider, useSurroundings } from "@/features/surroundings";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { ToastProvider } from "@/kit/toast";

import { useConnections } from "./desk";
import { ConnectionTrouble, troubleOf } from "./pages/connection-trouble";
import { paths } from "./paths";
import type { Room } from "./room";
import { ShellFailure } from "./shell";
import { ShellAlert } from "./shell-alert";
import type { Connection } from "./shell-types";
import { ShellProblem } from "./transport";
import { useShownRoom } from "./window";

/** The screens of the site that is worked with. With another site all of it is another. */
export function SiteRoom() {
  const { room, connection } = useShownRoom();
  const { isSuccess, data } = useConnections();
  if (room === null || connection === undefined) return isSuccess && data.selected === null ? <NoConnection /> : <PagePending />;
  return (
    <SurroundingsProvider key={room.key} value={room.surroundings}>
      <SiteServicesProvider services={room.services}>
        <Screens room={room} connection={connection} />
        <SitePrompts services={room.services} />
      </SiteServicesProvider>
    </SurroundingsProvider>
  );
}

function Screens({ room, connection }: { room: Room; connection: Connection }) {
  const failure = useSyncExternalStore(room.trouble.subscribe, room.trouble.current);
  const me = useMe();
  if (failure !== null) return <Trouble connection={connection} failure={failure} />;
  if (me.data === undefined) return me.isError ? <Trouble connection={connection} failure={failureOf(me.error)} /> : <PagePending />;
  if (isTurnedAway(me.data)) return <TurnedAway me={me.data} />;
  return (
    // What is said about one site is not said at another.
    <ToastProvider>
      <Outlet />
    </ToastProvider>
  );
}

function Trouble({ connection, failure }: { connection: Connection; failure: ShellFailure }) {
  const { reload } = useSurroundings();
  const trouble = troubleOf(connection, failure.code);
  if (trouble === null) return <ShellAlert failure={failure} onRetry={reload} />;
  return <ConnectionTrouble connection={connection} trouble={trouble} keyChange={failure.keyChange} onRetry={reload} />;
}

function failureOf(thrown: unknown): ShellFailure {
  if (thrown instanceof ShellProblem) return thrown.failure;
  const { code, message } = toProblem(thrown);
  return new ShellFailure(code, message);
}

function NoConnection() {
  const { t } = useTranslation("panel");
  const navigate = useNavigate();
  return (
    <EmptyState
      isPage
      icon={<Cable size={20} />}
      title={t("none.title")}
      action={
        <Button variant="primary" onClick={() => void navigate({ to: paths.connections })}>
          {t("none.connections")}
        </Button>
      }
    >
      {t("none.why")}
    </EmptyState>
  );
}
