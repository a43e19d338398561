import {
  QueryClient,
  useMutation,
  useQuery,
  type UseMutationResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";

import { ShellContext, useShell, type Shell, type ShellFailure } from "./shell";
import type { AppView, ConnectionsView, LocalServerView, Preferences, Proposal, SecretsState } from "./shell-types";

/**
 * What the shell says of itself, by what is asked for. It belongs to no site, and lies apart from what is fetched there:
 * below a connection other queries are in force.
 */
const DeskQueries = createContext<QueryClient | null>(null);

/** The shell, what it said, and an ear for what happens there. */
export function DeskProvider({ shell, children }: { shell: Shell; children: ReactNode }) {
  const [queries] = useState(createQueries);
  useEffect(() => {
    const renew = (...subjects: Subject[]) => () => subjects.forEach((subject) => void queries.invalidateQueries({ queryKey: [subject] }));
    const follow = (name: "connections" | "local-server" | "proposal", ...subjects: Subject[]) => shell.listen(name, renew(...subjects), renew(...subjects));
    const stops = [
      // A connection may be paired, or stand where the server is now: both speak of both.
      follow("connections", "connections", "local-server", "secrets"),
      follow("local-server", "connections", "local-server"),
      follow("proposal", "proposal"),
    ];
    return () => stops.forEach((stop) => stop());
  }, [shell, queries]);
  return (
    <ShellContext.Provider value={shell}>
      <DeskQueries.Provider value={queries}>{children}</DeskQueries.Provider>
    </ShellContext.Provider>
  );
}

type Subject = "connections" | "local-server" | "secrets" | "proposal" | "app" | "preferences" | "update" | "chart" | "probe";

export function useConnections(): UseQueryResult<ConnectionsView, ShellFailure> {
  return useAsked("connections", (shell) => shell.listConnections());
}

export function useLocalServer(): UseQueryResult<LocalServerView, ShellFailure> {
  return useAsked("local-server", (shell) => shell.showLocalServer());
}

export function useSecrets(): UseQueryResult<SecretsState, ShellFailure> {
  return useAsked("secrets", (shell) => shell.showSecrets());
}

/** The pairing that waits for an answer. */
export function useProposal(): UseQueryResult<Proposal | null, ShellFailure> {
  return useAsked("proposal", (shell) => shell.showProposal());
}

export function useAppView(): UseQueryResult<AppView, ShellFailure> {
  return useAsked("app", (shell) => shell.showApp());
}

export function usePreferences(): UseQueryResult<Preferences, ShellFailure> {
  return useAsked("preferences", (shell) => shell.showPreferences());
}

/** Something asked of the shell. */
export function useAsked<Data>(subject: Subject, ask: (shell: Shell) => Promise<Data>, more: readonly unknown[] = []): UseQueryResult<Data, ShellFailure> {
  const shell = useShell();
  return useQuery<Data, ShellFailure>({ queryKey: [subject, ...more], queryFn: () => ask(shell) }, useDeskQueries());
}

type Deed<Given, Answer> = {
  /** What the shell is to do. */
  act: (shell: Shell, given: Given) => Promise<Answer>;
  /** What may be different afterwards, also where it failed; it is asked again before the deed counts as done. */
  changes?: readonly Subject[];
  onDone?: (answer: Answer, given: Given) => void;
  onFailed?: (failure: ShellFailure) => void;
};

/** Something that the shell is told to do. */
export function useDeed<Given = void, Answer = void>({ act, changes = [], onDone, onFailed }: Deed<Given, Answer>): UseMutationResult<Answer, ShellFailure, Given> {
  const shell = useShell();
  const queries = useDeskQueries();
  const renew = () => Promise.all(changes.map((subject) => queries.invalidateQueries({ queryKey: [subject] })));
  return useMutation<Answer, ShellFailure, Given>(
    {
      mutationFn: (given) => act(shell, given),
      onSuccess: async (answer, given) => {
        await renew();
        onDone?.(answer, given);
      },
      onError: async (failure) => {
        onFailed?.(failure);
        await renew();
      },
    },
    queries,
  );
}

/** Where what belongs to no site's screens is kept. */
export function useDeskQueries(): QueryClient {
  const queries = useContext(DeskQueries);
  if (queries === null) throw new Error("There is no shell around these pages.");
  return queries;
}

function createQueries(): QueryClient {
  return new QueryClient({
    // The shell is on this machine: it is there, or the pages are not. Trying again is for the reader to say.
    defaultOptions: {
      queries: { networkMode: "always", retry: false, staleTime: 15_000 },
      // What was given may be a secret: it is not kept longer than it takes.
      mutations: { networkMode: "always", gcTime: 0 },
    },
  });
}
