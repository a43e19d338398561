import type { ReactNode } from "react";

/** A number and what it counts. */
export function Stat({ label, children, note }: { label: string; children: ReactNode; note?: ReactNode }) {
  return (
    <div className="grid min-w-0 content-start gap-0.5">
      <dt className="text-[0.8125rem] text-muted">{label}</dt>
      <dd className="text-base font-semibold sm:text-xl tracking-tight tabular-nums [overflow-wrap:anywhere]">{children}</dd>
      {note !== undefined && <dd className="text-[0.8125rem] text-muted tabular-nums [overflow-wrap:anywhere] [word-break:keep-all]">{note}</dd>}
    </div>
  );
}

/** Numbers side by side. */
export function Stats({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-1 gap-x-6 gap-y-4 min-[22.5rem]:grid-cols-2 lg:grid-cols-4">{children}</dl>;
}
