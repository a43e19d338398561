import { holdsUnsaved } from "@/features/typing";

import { openRoom, type Room } from "./room";
import type { Shell } from "./shell";
import type { Condition, Connection, ConnectionsView } from "./shell-types";
import type { WriteGuards } from "./write-guards";

type Shown = {
  /** The room of the connection that is worked with; null: there is none, or not yet. */
  room: Room | null;
  /** The connection that was chosen while the page holds what would be lost with it. */
  held: Connection | null;
};

type Needs = {
  shell: Shell;
  guards: WriteGuards;
  /** Called before another room is shown, whose site has nothing of what the address names. */
  leave: (reason: Reason) => Promise<void>;
};

/**
 * Why another room is shown: the reader chose it here, or it was chosen elsewhere, as in the tray, or what was shown is
 * gone. Or the reader chose the one that is there already.
 */
export type Reason = "chosen" | "told" | "gone" | "there";

/** Which room is shown. The shell says which connection is worked with: chosen here, in the tray, or by pairing. */
export type Rooms = ReturnType<typeof createRooms>;

export function createRooms({ shell, guards, leave }: Needs) {
  let shown: Shown = { room: null, held: null };
  let view: ConnectionsView = { connections: [], selected: null };
  /** What the room was opened for, or is about to be. */
  let binding: string | null = null;
  let turns = 0;
  /** The connection that the reader chose here. */
  let meant: string | null = null;
  const hearers = new Set<() => void>();

  const change = (part: Partial<Shown>) => {
    shown = { ...shown, ...part };
    hearers.forEach((hear) => hear());
  };
  const open = (connection: Connection | undefined): Room | null => {
    if (connection === undefined) return null;
    const room: Room = openRoom({ shell, connection, guards, reopen: () => reopen(room) });
    return room;
  };
  const reopen = (before: Room | null) => {
    const connection = selectedOf(view);
    if (before !== shown.room || connection?.id !== before?.connection) return;
    before?.close();
    change({ room: open(connection) });
  };
  const move = (isThere: boolean) => {
    const connection = selectedOf(view);
    binding = bindingOf(connection);
    turns += 1;
    const turn = turns;
    const reason = !isThere ? "gone" : connection?.id === meant ? "chosen" : "told";
    meant = null;
    const before = shown.room;
    before?.close();
    // What waited there for changes to be unlocked is over.
    if (guards.current().asking !== null) guards.turnAway();
    const show = () => turn === turns && change({ room: open(connection), held: null });
    if (before === null) show();
    else void leave(reason).then(show);
  };
  const settle = (isAllowed: boolean) => {
    const connection = selectedOf(view);
    const { room } = shown;
    if (bindingOf(connection) === binding) {
      if (shown.held !== null) change({ held: null });
      return;
    }
    const isThere = room !== null && view.connections.some(({ id }) => id === room.connection);
    const isOther = isThere && connection !== undefined && connection.id !== room.connection;
    if (isOther && !isAllowed && holdsUnsaved()) change({ held: connection });
    else move(isOther);
  };

  return {
    current: () => shown,
    subscribe: (hear: () => void) => {
      hearers.add(hear);
      return () => void hearers.delete(hear);
    },
    /** Takes what the shell says of the connections. */
    follow: (now: ConnectionsView) => {
      const before = selectedOf(view);
      view = now;
      settle(false);
      const after = selectedOf(now);
      const { room } = shown;
      // What was in the way may be gone.
      if (room !== null && room.trouble.current() !== null && after?.id === room.connection && isRevived(before, after)) reopen(room);
    },
    /** Shows a connection's site. */
    choose: async (id: string) => {
      if (selectedOf(view)?.id === id) return leave("there");
      meant = id;
      await shell.selectConnection(id);
    },
    /** Goes where the reader was held back from, and gives up what they have not saved. */
    proceed: () => settle(true),
    /** Stays where the reader is. */
    stay: async () => {
      meant = null;
      const { room } = shown;
      if (room !== null) await shell.selectConnection(room.connection);
    },
  };
}

function selectedOf({ connections, selected }: ConnectionsView): Connection | undefined {
  return connections.find(({ id }) => id === selected);
}

/** Whoever is somewhere else, or known by something else, is another site. */
function bindingOf(connection: Connection | undefined): string | null {
  return connection === undefined ? null : JSON.stringify([connection.id, connection.place, connection.tls]);
}

const WELL: ReadonlySet<Condition> = new Set(["online", "troubled"]);

function isRevived(before: Connection | undefined, after: Connection): boolean {
  const isWell = WELL.has(after.condition) && before?.condition !== after.condition;
  return isWell || (after.address !== null && after.address !== before?.address);
}
