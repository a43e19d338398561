import { classes } from "./classes";
import { useKitText } from "./kit-text";

/** Holds the place of what is being fetched. It shows itself after 150 ms only. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={classes("h-4 animate-pulse rounded bg-line appear-late", className)} />;
}

/** As many rows as a list will have. */
export function SkeletonRows({ rows = 6 }: { rows?: number }) {
  const text = useKitText();
  return (
    <div role="status" aria-label={text.loading} className="divide-y divide-line">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex h-11 items-center gap-6 px-4">
          <Skeleton className="w-1/3" />
          <Skeleton className="w-1/6" />
          <Skeleton className="ms-auto w-1/6" />
        </div>
      ))}
    </div>
  );
}
