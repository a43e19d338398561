import { paths } from "../paths";

const LETTERS: Readonly<Record<string, string>> = {
  [paths.overview]: "o",
  [paths.requests]: "r",
  [paths.errors]: "e",
  [paths.channels]: "c",
  [paths.models]: "m",
  [paths.modelGroups]: "g",
  [paths.people]: "p",
  [paths.invitations]: "i",
  [paths.revenue]: "v",
  [paths.billing]: "b",
  [paths.notices]: "n",
  [paths.settings]: "s",
  [paths.roles]: "t",
  [paths.auditLog]: "a",
};

/** The letter that leads to a place after `g`. */
export function letterOf(path: string): string | undefined {
  return LETTERS[path];
}
