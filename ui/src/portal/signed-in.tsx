import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";

import type { KeyCreated, SecondFactorChallenge, SignedIn, SignInReply } from "@/api/schema";
import { localPath } from "@/features/local-path";

import { FirstKey } from "./first-key";
import { paths } from "./paths";

/**
 * What follows a right first proof, whatever it was: the second factor, the first key to be kept, the page that was
 * asked for.
 */
export function useReception(returnPath: string | undefined) {
  const router = useRouter();
  const queries = useQueryClient();
  const [challenge, setChallenge] = useState<SecondFactorChallenge | null>(null);
  const [keyShown, setKeyShown] = useState<{ created: KeyCreated; next: string } | null>(null);

  const leave = (path: string) => {
    // The console is another page of the site, with code of its own.
    if (path.startsWith(paths.overview)) router.history.push(path);
    else location.assign(path);
  };
  const enter = (signedIn: SignedIn) => {
    queries.clear();
    const next = signedIn.must_set_up_second_factor === true ? paths.security : (localPath(returnPath) ?? paths.overview);
    if (signedIn.first_key) setKeyShown({ created: signedIn.first_key, next });
    else leave(next);
  };
  const receive = (reply: SignInReply) => {
    if (reply.status === "signed_in") enter(reply);
    else setChallenge(reply);
  };
  const forgetKey = (next: string) => {
    // Before the way: the next page may take a while, and the key is nowhere once its dialog was closed.
    setKeyShown(null);
    leave(next);
  };
  const firstKey = keyShown !== null && <FirstKey created={keyShown.created} onSaved={() => forgetKey(keyShown.next)} />;
  return { receive, challenge, dropChallenge: () => setChallenge(null), firstKey };
}
