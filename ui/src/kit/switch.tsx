import { useId, type ComponentProps, type ReactNode } from "react";

type SwitchProps = Omit<ComponentProps<"input">, "type" | "role"> & { label: ReactNode; hint?: ReactNode };

/** On or off, at once. For a choice that is sent with a form take a checkbox. */
export function Switch({ label, hint, id, ...rest }: SwitchProps) {
  const own = useId();
  const name = id ?? own;
  return (
    <div className="flex items-center justify-between gap-6">
      <div className="grid gap-0.5">
        <label htmlFor={name}>{label}</label>
        {hint !== undefined && (
          <p id={`${name}-hint`} className="text-[0.8125rem] text-muted">
            {hint}
          </p>
        )}
      </div>
      <span className="relative inline-flex h-6 w-10 shrink-0">
        <input
          type="checkbox"
          role="switch"
          id={name}
          aria-describedby={hint === undefined ? undefined : `${name}-hint`}
          className="peer size-full cursor-pointer appearance-none rounded-full border border-edge bg-sunken transition-colors checked:border-accent checked:bg-accent"
          {...rest}
        />
        <span
          aria-hidden="true"
          className="pointer-events-none absolute start-1 top-1 size-4 rounded-full bg-edge transition-transform peer-checked:translate-x-4 peer-checked:bg-on-accent"
        />
      </span>
    </div>
  );
}
