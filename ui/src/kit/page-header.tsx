import type { ReactNode } from "react";

export function PageHeader({ title, description, back, actions }: { title: string; description?: ReactNode; back?: ReactNode; actions?: ReactNode }) {
  return (
    <header className="grid gap-2 pb-6">
      {back}
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="grid min-w-0 gap-1">
          <h1 className="text-xl font-semibold tracking-tight [overflow-wrap:anywhere]">{title}</h1>
          {description !== undefined && <div className="max-w-2xl text-muted">{description}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
    </header>
  );
}
