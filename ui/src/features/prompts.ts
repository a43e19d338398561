/** A proof that a call waits for. */
export type ProofRequest = {
  /** Ends the asking: with a proof, or with null when the reader turns away. */
  settle: (proof: string | null) => void;
};

type Asked = {
  proof: ProofRequest | null;
  /** Whether the session is over while the page holds what would be lost with it. */
  isEnded: boolean;
};

/** What one site asks of the reader before something goes on. Calls ask; what is asked is shown wherever that has room. */
export type Prompts = ReturnType<typeof createPrompts>;

export function createPrompts({ onLeave }: { onLeave: () => void }) {
  let asked: Asked = { proof: null, isEnded: false };
  const hearers = new Set<() => void>();
  const change = (part: Partial<Asked>) => {
    asked = { ...asked, ...part };
    hearers.forEach((hear) => hear());
  };
  const goBack = () => change({ isEnded: false });
  return {
    current: () => asked,
    subscribe: (hear: () => void) => {
      hearers.add(hear);
      return () => void hearers.delete(hear);
    },
    askForProof: () =>
      new Promise<string | null>((resolve) => {
        change({
          proof: {
            settle: (proof) => {
              change({ proof: null });
              resolve(proof);
            },
          },
        });
      }),
    tellEnded: () => change({ isEnded: true }),
    goBack,
    leave: () => {
      goBack();
      onLeave();
    },
  };
}
