/** Under which everything is kept that was fetched about people. */
export const PEOPLE = ["people"] as const;
