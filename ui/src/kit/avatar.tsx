import { classes } from "./classes";

/** A person's initial. Beside the name, never in its place. */
export function Avatar({ name, size = "medium" }: { name: string; size?: "small" | "medium" }) {
  const initial = [...name.trim()][0]?.toLocaleUpperCase() ?? "?";
  return (
    <span
      aria-hidden="true"
      className={classes(
        "grid shrink-0 place-items-center rounded-full bg-accent-soft font-medium text-accent",
        size === "small" ? "size-7 text-xs" : "size-9 text-sm",
      )}
    >
      {initial}
    </span>
  );
}
