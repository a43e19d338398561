import { X } from "lucide-react";

type TokenListProps = { label: string; values: readonly string[]; removeLabel: (value: string) => string; onRemove: (value: string) => void };

/** Values that were collected, such as models or addresses, each to be taken away. */
export function TokenList({ label, values, removeLabel, onRemove }: TokenListProps) {
  if (values.length === 0) return null;
  return (
    <ul aria-label={label} className="flex flex-wrap gap-1.5">
      {values.map((value) => (
        <li key={value} className="flex max-w-full min-w-0 items-center rounded-control border border-line bg-sunken ps-2 font-mono text-[0.8125rem]">
          <span className="min-w-0 [overflow-wrap:anywhere]">{value}</span>
          <button
            type="button"
            aria-label={removeLabel(value)}
            title={removeLabel(value)}
            onClick={() => onRemove(value)}
            className="grid size-7 shrink-0 place-items-center rounded-control text-muted hover:text-ink pointer-coarse:size-11"
          >
            <X size={14} aria-hidden="true" />
          </button>
        </li>
      ))}
    </ul>
  );
}
