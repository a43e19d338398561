import { createContext, useContext, useId, type ReactNode } from "react";

import { classes } from "./classes";
import { useKitText } from "./kit-text";

type FieldProps = {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  /** Stands at the end of the label's line. */
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
};

type FieldWiring = { id: string; describedBy: string | undefined; isInvalid: boolean };

const Wiring = createContext<FieldWiring | null>(null);

/** A label, a control, and what is to be said about it. The control inside is wired to all three. */
export function Field({ label, hint, error, optional = false, aside, className, children }: FieldProps) {
  const id = useId();
  const text = useKitText();
  const describedBy = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean).join(" ");
  const wiring = { id, describedBy: describedBy === "" ? undefined : describedBy, isInvalid: error !== undefined };
  return (
    <div className={classes("grid content-start gap-1.5", className)}>
      <div className="flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="text-[0.8125rem] font-medium">
          {label}
          {optional && <span className="ms-1.5 font-normal text-muted">{text.optional}</span>}
        </label>
        {aside}
      </div>
      <Wiring.Provider value={wiring}>{children}</Wiring.Provider>
      {error !== undefined && (
        <p id={`${id}-error`} className="text-[0.8125rem] text-danger">
          {error}
        </p>
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-[0.8125rem] text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}

/** The attributes that tie a control to the field around it. */
export function useFieldWiring() {
  const wiring = useContext(Wiring);
  if (wiring === null) return {};
  return {
    id: wiring.id,
    "aria-describedby": wiring.describedBy,
    "aria-invalid": wiring.isInvalid || undefined,
  };
}
