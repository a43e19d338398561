import type { ReactNode } from "react";

/** What a list says when there is nothing to list: why, and what to do next. */
export function EmptyState({ icon, title, children, action }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-2 px-6 py-12 text-center">
      {icon !== undefined && <div className="mb-1 grid size-10 place-items-center rounded-full bg-sunken text-muted">{icon}</div>}
      <p className="font-medium">{title}</p>
      {children !== undefined && <p className="max-w-md text-muted">{children}</p>}
      {action !== undefined && <div className="pt-2">{action}</div>}
    </div>
  );
}
