import type { ComponentProps } from "react";

import { classes } from "./classes";
import { useFieldWiring } from "./field";

/** How a control that takes text looks. */
export const inputLook =
  "h-9 w-full min-w-0 rounded-control border border-edge bg-surface px-3 text-sm text-ink placeholder:text-muted/80 hover:border-ink/60 focus-visible:outline-offset-0 aria-invalid:border-danger pointer-coarse:h-11 pointer-coarse:text-base";

export function TextInput({ className, ...rest }: ComponentProps<"input">) {
  const wiring = useFieldWiring();
  return <input type="text" autoCapitalize="none" spellCheck={false} {...wiring} {...rest} className={classes(inputLook, "read-only:bg-sunken", className)} />;
}
