import { useId, type ReactNode } from "react";

import { classes } from "./classes";

type PanelProps = { title?: string; description?: ReactNode; actions?: ReactNode; flush?: boolean; children?: ReactNode };

/** A part of a page with a name of its own. Lists lie flush with its edges. */
export function Panel({ title, description, actions, flush = false, children }: PanelProps) {
  const id = useId();
  const isEmpty = children === undefined;
  return (
    <section aria-labelledby={title === undefined ? undefined : id} className="min-w-0 rounded-panel border border-line bg-surface">
      {title !== undefined && (
        <div className={classes("flex flex-wrap items-start justify-between gap-x-6 gap-y-3 px-4 pt-4 sm:px-5", (flush || isEmpty) && "pb-3.5")}>
          <div className={classes("grid min-w-0 flex-1 gap-1", description === undefined ? "basis-36" : "basis-56")}>
            <h2 id={id} className="font-semibold">
              {title}
            </h2>
            {description !== undefined && <div className="text-muted">{description}</div>}
          </div>
          {actions}
        </div>
      )}
      {!isEmpty && <div className={flush ? "" : "px-4 py-4 sm:px-5"}>{children}</div>}
    </section>
  );
}
