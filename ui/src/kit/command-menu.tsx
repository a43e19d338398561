import { CommandInput, CommandItem, CommandList, CommandRoot } from "cmdk";
import type { KeyboardEvent } from "react";

import { classes } from "./classes";
import { inputLook } from "./text-input";

export type Command = { id: string; label: string; /** What kind of thing it is, at the end of its line. */ note: string };

type CommandMenuProps<One extends Command> = {
  /** What can be looked for. */
  label: string;
  /** What the hits are, for readers who do not see what they stand below. */
  listLabel: string;
  text: string;
  onText: (text: string) => void;
  commands: readonly One[];
  onChoose: (command: One) => void;
  /** Enter was pressed while there was nothing to choose. */
  onEager: () => void;
  /** Said in place of hits when there is none. */
  none: string;
};

/** A search with its hits below it, chosen by the arrows and Enter. What fits the search is decided by who gives the hits. */
export function CommandMenu<One extends Command>({ label, listLabel, text, onText, commands, onChoose, onEager, none }: CommandMenuProps<One>) {
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && commands.length === 0 && !event.nativeEvent.isComposing) onEager();
  };
  return (
    <CommandRoot label={label} shouldFilter={false} loop vimBindings={false} onKeyDown={press} className="grid grid-cols-1 gap-2 outline-none">
      <CommandInput value={text} onValueChange={onText} placeholder={label} autoCapitalize="none" className={inputLook} />
      <CommandList label={listLabel} className={classes("h-80 overflow-y-auto overscroll-contain", commands.length === 0 && "hidden")}>
        {commands.map((command) => (
          <CommandItem
            key={command.id}
            value={command.id}
            onSelect={() => onChoose(command)}
            className="flex cursor-pointer items-baseline justify-between gap-4 rounded-control px-2.5 py-2 aria-selected:bg-hover pointer-coarse:py-3"
          >
            <bdi className="min-w-0 truncate">{command.label}</bdi>
            <span className="shrink-0 text-xs text-muted">{command.note}</span>
          </CommandItem>
        ))}
      </CommandList>
      {commands.length === 0 && (
        <p role="status" className="h-80 px-2.5 py-2 text-muted">
          {none}
        </p>
      )}
    </CommandRoot>
  );
}
