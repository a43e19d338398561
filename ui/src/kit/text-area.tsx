import type { ComponentProps } from "react";

import { classes } from "./classes";
import { useFieldWiring } from "./field";
import { inputLook } from "./text-input";

/** Takes text of more than a line. */
export function TextArea({ className, rows = 3, ...rest }: ComponentProps<"textarea">) {
  const wiring = useFieldWiring();
  return <textarea rows={rows} spellCheck={false} {...wiring} {...rest} className={classes(inputLook, "h-auto min-h-20 resize-y py-2 pointer-coarse:h-auto", className)} />;
}
