import type { ReactNode } from "react";

import { usePageTitle } from "@/features/page-title";

/** A page of whoever is not signed in: what it is for, and one thing to do. */
export function StrangerPanel({ title, description, children, below }: { title: string; description?: ReactNode; children: ReactNode; below?: ReactNode }) {
  usePageTitle(title);
  return (
    <div className="grid gap-5">
      <div className="grid gap-6 rounded-xl border border-line bg-surface p-6 sm:p-8">
        <header className="grid gap-1.5">
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
          {description !== undefined && <div className="text-muted">{description}</div>}
        </header>
        {children}
      </div>
      {below !== undefined && <div className="text-center text-muted">{below}</div>}
    </div>
  );
}

export const linkLook = "rounded-sm font-medium text-accent underline-offset-2 hover:underline";
