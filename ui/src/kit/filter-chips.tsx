import { X } from "lucide-react";

export type FilterChip = { id: string; name: string; value: string; onRemove: () => void };

type FilterChipsProps = {
  /** What the row is, such as "Filters". */
  label: string;
  chips: FilterChip[];
  /** What the cross of a chip does, as in "Remove filter Model". */
  removeLabel: (name: string) => string;
  clearLabel: string;
  onClear: () => void;
};

/** What a list is narrowed by, each to be taken away. Nothing is shown while nothing narrows it. */
export function FilterChips({ label, chips, removeLabel, clearLabel, onClear }: FilterChipsProps) {
  if (chips.length === 0) return null;
  return (
    <ul aria-label={label} className="flex flex-wrap items-center gap-1.5">
      {chips.map((chip) => (
        <li key={chip.id} className="flex min-w-0 items-center rounded-full border border-line bg-sunken ps-2.5 text-[0.8125rem]">
          <span className="min-w-0 truncate">
            <span className="text-muted">{chip.name}</span> <span className="font-medium">{chip.value}</span>
          </span>
          <button
            type="button"
            aria-label={removeLabel(chip.name)}
            title={removeLabel(chip.name)}
            onClick={chip.onRemove}
            className="grid size-7 shrink-0 place-items-center rounded-full text-muted hover:text-ink pointer-coarse:size-11"
          >
            <X size={14} aria-hidden="true" />
          </button>
        </li>
      ))}
      <li>
        <button type="button" onClick={onClear} className="rounded-control px-2 py-1 text-[0.8125rem] font-medium text-accent hover:bg-hover pointer-coarse:py-3">
          {clearLabel}
        </button>
      </li>
    </ul>
  );
}
