import type { OauthProvider } from "@/api/schema";

import { initialsOf } from "./initials";

/** Tells a provider from others at a glance, beside its name. Marks of their makers are not ours to draw. */
export function ProviderBadge({ provider }: { provider: Pick<OauthProvider, "title"> }) {
  return (
    <span aria-hidden="true" className="grid size-6 shrink-0 place-items-center rounded-md bg-accent-soft text-[0.6875rem] leading-none font-semibold text-accent">
      {initialsOf(provider.title)}
    </span>
  );
}
