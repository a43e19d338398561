import { createContext, useContext, useSyncExternalStore } from "react";

import type { Me } from "@/api/schema";

import { useConnections } from "./desk";
import type { Room } from "./room";
import type { Rooms } from "./rooms";
import type { Connection } from "./shell-types";
import type { WriteGuards } from "./write-guards";

type WindowState = { rooms: Rooms; guards: WriteGuards };

const Context = createContext<WindowState | null>(null);

export const WindowProvider = Context.Provider;

function useWindow(): WindowState {
  const state = useContext(Context);
  if (state === null) throw new Error("There is no window around these pages.");
  return state;
}

export function useRooms(): Rooms {
  return useWindow().rooms;
}

export function useWriteGuards(): WriteGuards {
  return useWindow().guards;
}

export type ShownRoom = {
  /** Null: there is no connection, or it is not known yet which. */
  room: Room | null;
  /** Its connection, as it is now. */
  connection: Connection | undefined;
  held: Connection | null;
};

/** The room that is shown. */
export function useShownRoom(): ShownRoom {
  const rooms = useRooms();
  const { room, held } = useSyncExternalStore(rooms.subscribe, rooms.current);
  const { data } = useConnections();
  return { room, held, connection: data?.connections.find(({ id }) => id === room?.connection) };
}

/** Who this device acts for in a room, once that is known. */
export function usePerson(room: Room | null): Me | undefined {
  return useSyncExternalStore(room?.subscribePerson ?? subscribeNobody, () => room?.person());
}

function subscribeNobody() {
  return () => undefined;
}
