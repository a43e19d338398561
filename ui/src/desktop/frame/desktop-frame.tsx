import { Outlet, useRouter } from "@tanstack/react-router";
import { AppWindow, Cable, ChartPie, LayoutGrid, Server } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { PaletteButton } from "@/console/palette/palette-button";
import type { Destination } from "@/console/palette/palette";
import { Shortcuts, type Overlay } from "@/console/palette/shortcuts";
import { usePlaces } from "@/console/places";
import { isTurnedAway } from "@/console/turned-away";
import { Frame, type Place } from "@/features/frame";
import { SiteServicesProvider } from "@/features/services";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { useToast } from "@/kit/toast";

import { useConnections } from "../desk";
import { useOutside } from "../outside";
import { paths } from "../paths";
import { toShellFailure } from "../shell";
import { useShellWords } from "../shell-alert";
import { useWebLinks } from "../web-links";
import { usePerson, useRooms, useShownRoom, useWriteGuards } from "../window";
import { AccountMenu } from "./account-menu";
import { useDigitKeys } from "./digit-keys";
import { GuardBar, hasGuardBar } from "./guard-bar";
import { Switcher } from "./switcher";
import { UnlockDialog } from "./unlock-dialog";

/** What stands around every page of the panel. */
export function DesktopFrame() {
  const { t } = useTranslation("panel");
  const { history } = useRouter();
  const outside = useOutside();
  const rooms = useRooms();
  const toast = useToast();
  const say = useShellWords();
  const { room, connection, held } = useShownRoom();
  const connections = useConnections().data?.connections ?? [];
  const person = usePerson(room);
  const [overlay, setOverlay] = useState<Overlay>(null);
  const own = useOwnPlaces();
  const icon = <ChartPie size={18} aria-hidden="true" />;
  const screens = usePlaces(person === undefined || isTurnedAway(person) ? undefined : person, [{ to: paths.charts, label: t("places.charts"), icon, needs: "revenue.read" }]);
  const ofSite = screens.map((place, at) => (at === 0 && connection !== undefined ? { ...place, heading: connection.name } : place));
  const tell = (thrown: unknown) => toast({ tone: "danger", text: say(toShellFailure(thrown)) });
  const choose = (id: string) => void rooms.choose(id).catch(tell);
  useWebLinks();
  useDigitKeys((at) => {
    const meant = connections[at];
    if (meant !== undefined) choose(meant.id);
  });
  const others = [
    ...own.map((place): Destination => ({ id: `own ${place.to}`, label: place.label, note: t("kinds.page"), go: () => history.push(place.to) })),
    ...connections.map((one): Destination => ({ id: `connection ${one.id}`, label: one.name, note: t("kinds.connection"), go: () => choose(one.id) })),
  ];
  const switcher = <Switcher connection={connection} onChoose={choose} />;
  const openPalette = () => setOverlay("palette");
  return (
    <>
      <Frame
        head={switcher}
        headAside={
          <>
            <PaletteButton compact onClick={openPalette} />
            <AccountMenu room={room} connection={connection} compact />
          </>
        }
        above={<PaletteButton onClick={openPalette} />}
        places={[...own, ...ofSite]}
        more={t("places.more", { ns: "site" })}
        foot={<AccountMenu room={room} connection={connection} />}
        bar={connection !== undefined && hasGuardBar(connection) ? <GuardBar connection={connection} /> : undefined}
      >
        <Outlet />
      </Frame>
      <SiteServicesProvider key={room?.key} services={room?.services ?? outside}>
        <Shortcuts places={ofSite} others={others} open={overlay} onOpen={setOverlay} />
      </SiteServicesProvider>
      <Arrival roomKey={room?.key} name={connection?.name} />
      <Unlocking />
      {held !== null && (
        <ConfirmDialog
          open
          title={t("held.title", { name: held.name })}
          consequence={t("held.why")}
          action={t("held.go")}
          cancel={t("held.stay")}
          onConfirm={rooms.proceed}
          onCancel={() => void rooms.stay().catch(tell)}
        />
      )}
    </>
  );
}

/** The pages that belong to no site. */
function useOwnPlaces(): Place[] {
  const { t } = useTranslation("panel");
  return [
    { to: paths.overview, label: t("places.overview"), icon: <LayoutGrid size={18} aria-hidden="true" />, exact: true, inBar: true },
    { to: paths.connections, label: t("places.connections"), icon: <Cable size={18} aria-hidden="true" /> },
    { to: paths.localServer, label: t("places.localServer"), icon: <Server size={18} aria-hidden="true" /> },
    { to: paths.app, label: t("places.app"), icon: <AppWindow size={18} aria-hidden="true" /> },
  ];
}

/** Says where one is now, and puts the focus there when what had it is gone. */
function Arrival({ roomKey, name }: { roomKey: string | undefined; name: string | undefined }) {
  const { t } = useTranslation("panel");
  const before = useRef(roomKey);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (before.current === roomKey) return;
    const isFirst = before.current === undefined;
    before.current = roomKey;
    if (isFirst || name === undefined) return;
    setSaid(t("switcher.switched", { name }));
    if (document.activeElement === document.body) document.getElementById("content")?.focus({ preventScroll: true });
  }, [roomKey, name, t]);
  return (
    <p role="status" className="sr-only">
      {said}
    </p>
  );
}

/** Asks for the name of the site whose changes are to be unlocked. */
function Unlocking() {
  const guards = useWriteGuards();
  const { asking } = useSyncExternalStore(guards.subscribe, guards.current);
  const connection = useConnections().data?.connections.find(({ id }) => id === asking);
  return connection === undefined ? null : <UnlockDialog connection={connection} />;
}
