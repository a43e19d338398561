import type { Role } from "@/api/schema";

/** The roles from the lowest to the highest. */
export const ROLES: readonly Role[] = ["user", "auditor", "finance", "operator", "admin", "owner"];

/** The roles that somebody of this role may give: those below, and for an owner all. */
export function rolesBelow(role: Role): readonly Role[] {
  return role === "owner" ? ROLES : ROLES.slice(0, ROLES.indexOf(role));
}

/** Whether somebody of one role may act on somebody of another. Nobody acts on an equal or higher one. */
export function mayActOn(actor: Role, target: Role): boolean {
  return ROLES.indexOf(actor) > ROLES.indexOf(target);
}
