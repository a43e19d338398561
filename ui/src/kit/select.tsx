import { ChevronDown } from "lucide-react";
import type { ComponentProps } from "react";

import { classes } from "./classes";
import { useFieldWiring } from "./field";
import { inputLook } from "./text-input";

/** The platform's own list of choices: it works with every keyboard, reader and thumb. */
export function Select({ className, children, ...rest }: ComponentProps<"select">) {
  const wiring = useFieldWiring();
  return (
    <div className={classes("relative min-w-0", className)}>
      <select {...wiring} {...rest} className={classes(inputLook, "appearance-none truncate pe-9")}>
        {children}
      </select>
      <ChevronDown size={16} aria-hidden="true" className="pointer-events-none absolute end-2.5 top-1/2 -translate-y-1/2 text-muted" />
    </div>
  );
}
