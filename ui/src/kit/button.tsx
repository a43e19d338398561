import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps, MouseEvent, ReactNode } from "react";

import { classes } from "./classes";
import { Spinner } from "./spinner";

/** How a button looks; links that act as one take it too. */
export const buttonLook = cva(
  "inline-flex select-none items-center justify-center gap-2 whitespace-nowrap rounded-control border font-medium transition-colors duration-100 aria-disabled:cursor-not-allowed aria-disabled:opacity-60 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary: "border-transparent bg-accent text-on-accent hover:bg-accent-hover",
        secondary: "border-edge/60 bg-surface text-ink hover:bg-hover",
        quiet: "border-transparent bg-transparent text-ink hover:bg-hover",
        danger: "border-transparent bg-danger text-on-danger hover:bg-danger-hover",
      },
      size: {
        small: "h-8 px-2.5 text-[0.8125rem] pointer-coarse:h-11",
        medium: "h-9 px-3.5 text-sm pointer-coarse:h-11",
        large: "h-10 px-4 text-sm pointer-coarse:h-11",
      },
      wide: { true: "w-full" },
    },
    defaultVariants: { variant: "secondary", size: "medium" },
  },
);

type ButtonProps = Omit<ComponentProps<"button">, "disabled"> &
  VariantProps<typeof buttonLook> & {
    /** Something is under way: the button keeps its width and takes no press. */
    pending?: boolean;
    /** Why the button cannot be pressed now; it stays in reach and says so. */
    blockedBy?: string | undefined;
    icon?: ReactNode;
  };

export function Button(props: ButtonProps) {
  const { variant, size, wide, pending = false, blockedBy, icon, className, onClick, children, type = "button", ...rest } = props;
  const isBlocked = pending || blockedBy !== undefined;
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    if (isBlocked) event.preventDefault();
    else onClick?.(event);
  };
  return (
    <button
      type={type}
      className={classes(buttonLook({ variant, size, wide }), className)}
      aria-disabled={isBlocked || undefined}
      aria-busy={pending || undefined}
      title={blockedBy}
      onClick={press}
      {...rest}
    >
      {pending ? <Spinner /> : icon}
      {children}
    </button>
  );
}
