import { useId, useRef, useState, type KeyboardEvent } from "react";

import { classes } from "./classes";
import { useFieldWiring } from "./field";
import { inputLook } from "./text-input";

type SuggestionInputProps = {
  /** For a control that stands alone; inside of a field the field names it. */
  label?: string;
  value: string;
  options: readonly string[];
  onChange: (value: string) => void;
  placeholder?: string;
  /** What stands in the list when nothing in it matches. */
  noneText: string;
  /** Takes what is not in the list too. */
  free?: boolean;
  /** Forgets what was written once it was chosen: for lists that are added to. */
  clears?: boolean;
  disabled?: boolean;
};

const SHOWS_MAX = 100;

/** One value, most often out of many known ones: the list is narrowed by writing; arrows, Enter and Escape work in it. */
export function SuggestionInput(props: SuggestionInputProps) {
  const { label, value, options, onChange, placeholder, noneText, free = false, clears = false, disabled = false } = props;
  const id = useId();
  const wiring = useFieldWiring();
  const [written, setWritten] = useState<string | null>(null);
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);

  const text = written ?? value;
  const sought = (written ?? "").trim().toLocaleLowerCase();
  const matches = options.filter((option) => option.toLocaleLowerCase().includes(sought)).slice(0, SHOWS_MAX);
  const close = () => {
    setIsOpen(false);
    setWritten(null);
    setActive(0);
  };
  const choose = (option: string) => {
    onChange(option);
    close();
  };
  const settle = () => {
    const exact = options.find((option) => option === text.trim());
    if (exact !== undefined) choose(exact);
    else if (free && text.trim() !== "") choose(text.trim());
    else if (!clears && written === "") choose("");
    else close();
  };
  const move = (to: number) => {
    setIsOpen(true);
    setActive(to);
    list.current?.children[to]?.scrollIntoView({ block: "nearest" });
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const last = matches.length - 1;
    if (event.key === "ArrowDown") move(isOpen ? Math.min(active + 1, last) : 0);
    else if (event.key === "ArrowUp") move(isOpen ? Math.max(active - 1, 0) : Math.max(last, 0));
    else if (event.key === "Enter" && isOpen) {
      const option = matches[active];
      if (option !== undefined) choose(option);
      else settle();
    } else if (event.key === "Escape" && isOpen) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="relative min-w-0">
      <input
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && matches[active] !== undefined ? `${id}-${active}` : undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        placeholder={placeholder}
        disabled={disabled}
        {...wiring}
        value={text}
        onChange={(event) => {
          setWritten(event.target.value);
          setActive(0);
          setIsOpen(true);
        }}
        onClick={() => setIsOpen(true)}
        onKeyDown={press}
        onBlur={settle}
        className={inputLook}
      />
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        tabIndex={-1}
        aria-label={label ?? noneText}
        hidden={!isOpen}
        // The press must not take the focus from the input before it is heard.
        onMouseDown={(event) => event.preventDefault()}
        className="absolute inset-x-0 top-full z-40 mt-1 max-h-64 overflow-y-auto rounded-panel border border-line bg-surface p-1.5 shadow-lg"
      >
        {matches.map((option, place) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- The keys are heard by the input.
          <div
            key={option}
            id={`${id}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={option === value}
            onClick={() => choose(option)}
            onMouseMove={() => setActive(place)}
            className={classes(
              "cursor-pointer rounded-control px-2.5 py-1.5 [overflow-wrap:anywhere] pointer-coarse:py-2.5",
              place === active && "bg-hover",
              option === value && "font-medium text-accent",
            )}
          >
            {option}
          </div>
        ))}
        {matches.length === 0 && (
          <div role="option" tabIndex={-1} aria-selected="false" aria-disabled="true" className="px-2.5 py-1.5 text-muted">
            {noneText}
          </div>
        )}
      </div>
    </div>
  );
}
