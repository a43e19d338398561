import { useId, useState, type KeyboardEvent, type ReactNode } from "react";

import { classes } from "./classes";
import { useFieldWiring } from "./field";
import { inputLook } from "./text-input";

export type Choice = { value: string; label: string; hint?: string };

type ComboboxProps = {
  /** What is typed. */
  text: string;
  onText: (text: string) => void;
  /** What fits it. */
  choices: Choice[];
  onChoose: (value: string) => void;
  /** Said in place of choices when there is none. */
  none?: ReactNode;
  placeholder?: string;
  /** Stands at the beginning of the search. */
  icon?: ReactNode;
};

/** A search whose hits are offered below it. The arrows go through them, Enter takes one, Escape puts them away. */
export function Combobox({ text, onText, choices, onChoose, none, placeholder, icon }: ComboboxProps) {
  const id = useId();
  const wiring = useFieldWiring();
  const [isOpen, setIsOpen] = useState(false);
  const [at, setAt] = useState(0);
  const place = Math.min(at, choices.length - 1);
  const isShown = isOpen && text.trim() !== "" && (choices.length > 0 || none !== undefined);
  const choose = (choice: Choice) => {
    setIsOpen(false);
    onChoose(choice.value);
  };
  const press = (event: KeyboardEvent) => {
    const chosen = choices[place];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setIsOpen(true);
      if (choices.length > 0) setAt((place + (event.key === "ArrowDown" ? (isShown ? 1 : 0) : choices.length - 1)) % choices.length);
    } else if (event.key === "Enter" && isShown && chosen !== undefined) {
      event.preventDefault();
      choose(chosen);
    } else if (event.key === "Escape" && isShown) {
      event.preventDefault();
      setIsOpen(false);
    }
  };
  return (
    <div className="relative min-w-0">
      {icon !== undefined && <span className="pointer-events-none absolute start-3 top-1/2 -translate-y-1/2 text-muted">{icon}</span>}
      <input
        {...wiring}
        type="text"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-activedescendant={isShown && choices.length > 0 ? `${id}-${place}` : undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        placeholder={placeholder}
        className={classes(inputLook, icon !== undefined && "ps-9")}
        value={text}
        onChange={(event) => {
          onText(event.target.value);
          setAt(0);
          setIsOpen(true);
        }}
        onFocus={() => setIsOpen(true)}
        onBlur={() => setIsOpen(false)}
        onKeyDown={press}
      />
      <div
        className={classes("absolute inset-x-0 top-full z-20 mt-1 min-w-56 overflow-hidden rounded-panel border border-line bg-surface shadow-lg", !isShown && "hidden")}
      >
        <div id={`${id}-list`} role="listbox" aria-label={placeholder} className={choices.length > 0 ? "max-h-72 overflow-y-auto p-1.5" : "hidden"}>
          {choices.map((choice, number) => (
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- The keys are heard where the focus is, in the search.
            <div
              key={choice.value}
              id={`${id}-${number}`}
              role="option"
              aria-selected={number === place}
              className={classes("grid cursor-pointer rounded-control px-2.5 py-1.5 pointer-coarse:py-2.5", number === place && "bg-hover")}
              // The focus stays in the search; otherwise the list were gone before the press ends.
              onMouseDown={(event) => event.preventDefault()}
              onMouseEnter={() => setAt(number)}
              onClick={() => choose(choice)}
            >
              <span className="truncate">{choice.label}</span>
              {choice.hint !== undefined && <span className="truncate text-xs text-muted">{choice.hint}</span>}
            </div>
          ))}
        </div>
        {choices.length === 0 && <p className="px-4 py-3 text-muted">{none}</p>}
      </div>
    </div>
  );
}
