import { QueryObserver } from "@tanstack/react-query";

import type { Fetch } from "@/api/client";
import { readProblem } from "@/api/problem";
import type { Me } from "@/api/schema";
import { createServices, type SiteServices } from "@/features/services";
import { meQuery } from "@/features/session";
import type { Surroundings } from "@/features/surroundings";
import { holdsUnsaved } from "@/features/typing";

import { ShellFailure, type Shell } from "./shell";
import type { CallAnswer, Connection } from "./shell-types";
import { NOWHERE, ShellProblem, throwProblem, transportTo } from "./transport";
import { behindGuard, type WriteGuards } from "./write-guards";

/** Why none of a site's screens can be shown, until somebody does something about it. Everything else is told on the screens. */
const TROUBLES: ReadonlySet<string> = new Set([
  "unknown_connection",
  "not_paired",
  "signed_out",
  "not_running",
  "key_changed",
  "untrusted",
  "tls_policy",
  "keyring_unavailable",
  "secrets_locked",
  "secret_damaged",
]);

/**
 * Everything that the screens of one connection stand on. What was fetched there is in no other room, and when it is
 * closed nothing of it is heard of any more.
 */
export type Room = {
  /** Different for each that is opened. */
  key: string;
  /** The connection's id. */
  connection: string;
  services: SiteServices;
  surroundings: Surroundings;
  /** Who this device acts for at the site. */
  person: () => Me | undefined;
  subscribePerson: (hear: () => void) => () => void;
  trouble: {
    current: () => ShellFailure | null;
    subscribe: (hear: () => void) => () => void;
  };
  close: () => void;
};

type Opening = {
  shell: Shell;
  connection: Connection;
  guards: WriteGuards;
  /** Called to begin the screens anew. */
  reopen: () => void;
};

let opened = 0;

export function openRoom({ shell, connection: { id, address }, guards, reopen }: Opening): Room {
  let isClosed = false;
  let trouble: ShellFailure | null = null;
  let last: ShellFailure | null = null;
  const hearers = new Set<() => void>();
  const tell = (failure: ShellFailure) => {
    if (isClosed) return;
    trouble = failure;
    hearers.forEach((hear) => hear());
  };

  const guarded = behindGuard(transportTo(id, shell), () => guards.ask(id));
  const fetch: Fetch = async (request) => {
    if (isClosed) return silence();
    try {
      const response = await guarded(request);
      return isClosed ? silence() : response;
    } catch (thrown) {
      if (isClosed) return silence();
      if (thrown instanceof ShellProblem && TROUBLES.has(thrown.code)) {
        last = thrown.failure;
        // A page with something to lose is not taken away; it says itself what is wrong.
        if (!holdsUnsaved()) tell(last);
      }
      throw thrown;
    }
  };
  const services = createServices({
    fetch,
    baseUrl: NOWHERE,
    onSignedOut: () => tell(last ?? new ShellFailure("signed_out", "the site has signed this device out")),
  });
  const origin = address?.replace(/\/+$/, "") ?? "";
  const surroundings: Surroundings = {
    origin,
    linkTo: (path) => ({ href: `${origin}${path}`, target: "_blank", rel: "noreferrer" }),
    reload: reopen,
    screensAreOfSite: false,
    hasPasskeys: false,
    isNobodyHere: async () => false,
    noteSignedIn: () => undefined,
    signIn: null,
    signOut: async () => {
      await shell.signOut(id).catch(throwProblem);
      tell(new ShellFailure("signed_out", "this device was signed out here"));
    },
    saveExport: async (_, { operation, query, name }) => {
      const outcome = await shell.exportFile({ connection: id, operation, query: pairsOf(query) }, name).catch(throwProblem);
      if (isClosed) return silence();
      if (outcome === null) return null;
      if ("path" in outcome) return outcome.path;
      throw refusalOf(outcome.refusal);
    },
  };
  const me = new QueryObserver(services.queries, meQuery(services.api, surroundings, services.signedOut));
  opened += 1;
  return {
    key: `${id} ${opened}`,
    connection: id,
    services,
    surroundings,
    person: () => me.getCurrentResult().data,
    subscribePerson: (hear) => me.subscribe(hear),
    trouble: {
      current: () => trouble,
      subscribe: (hear) => {
        hearers.add(hear);
        return () => void hearers.delete(hear);
      },
    },
    close: () => {
      isClosed = true;
      me.destroy();
      void services.queries.cancelQueries();
      services.queries.clear();
    },
  };
}

/** What is answered when nobody is there to hear it. */
function silence(): Promise<never> {
  return new Promise(() => undefined);
}

function pairsOf(query: Record<string, unknown>): [string, string][] {
  return Object.entries(query).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, String(value)] as [string, string]]));
}

function refusalOf({ status, headers, body }: CallAnswer) {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    content = undefined;
  }
  return readProblem(content, new Response(null, { status, headers }), Date.now());
}
