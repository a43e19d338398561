import { useId, type ComponentProps, type ReactNode } from "react";

type CheckboxProps = Omit<ComponentProps<"input">, "type"> & { label: ReactNode; hint?: ReactNode };

export function Checkbox({ label, hint, id, ...rest }: CheckboxProps) {
  const own = useId();
  const name = id ?? own;
  return (
    <div className="flex items-start gap-2.5">
      <input
        type="checkbox"
        id={name}
        aria-describedby={hint === undefined ? undefined : `${name}-hint`}
        className="mt-1 size-4 shrink-0 accent-accent pointer-coarse:mt-0.5 pointer-coarse:size-5"
        {...rest}
      />
      <div className="grid">
        <label htmlFor={name} className="py-0.5">{label}</label>
        {hint !== undefined && (
          <p id={`${name}-hint`} className="text-[0.8125rem] text-muted">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
