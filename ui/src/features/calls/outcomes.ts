/** How calls can be asked for by their end. `error` is failed, interrupted and lost together. */
export const OUTCOMES = ["ok", "error", "failed", "interrupted", "cancelled", "lost"] as const;
