import type { UseMutationResult } from "@tanstack/react-query";

import { useDeed } from "./desk";
import type { ShellFailure } from "./shell";
import { useRooms } from "./window";

/** Shows the site of the connection whose id is given. */
export function useOpenSite(): UseMutationResult<void, ShellFailure, string> {
  const rooms = useRooms();
  return useDeed({ act: (_, id: string) => rooms.choose(id) });
}
