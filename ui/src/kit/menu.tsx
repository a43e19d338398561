import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";

import { classes } from "./classes";

const ITEM =
  "flex cursor-pointer select-none items-center gap-2.5 rounded-control px-2.5 py-1.5 outline-none data-[highlighted]:bg-hover data-[disabled]:cursor-not-allowed data-[disabled]:opacity-60 pointer-coarse:py-2.5 [&_svg]:shrink-0 [&_svg]:text-muted";

/** A button that opens a list of deeds. It is not modal: the page stays in reach. */
export function Menu({ trigger, align = "end", children }: { trigger: ReactNode; align?: "start" | "end"; children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-40 max-h-(--radix-dropdown-menu-content-available-height) max-w-[min(20rem,92vw)] min-w-52 overflow-y-auto rounded-panel border border-line bg-surface p-1.5 shadow-lg rise"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

type MenuItemProps = {
  icon?: ReactNode;
  tone?: "danger";
  disabled?: boolean;
  hint?: ReactNode;
  /** At the end of its line, such as the keys that do the same. */
  aside?: ReactNode;
  /** Whether it is what is shown now. */
  isCurrent?: boolean;
  onSelect: () => void;
  children: ReactNode;
};

export function MenuItem({ icon, tone, disabled = false, hint, aside, isCurrent = false, onSelect, children }: MenuItemProps) {
  return (
    <DropdownMenu.Item
      disabled={disabled}
      onSelect={onSelect}
      aria-current={isCurrent || undefined}
      className={classes(ITEM, "aria-[current]:bg-accent-soft", tone === "danger" && "text-danger [&_svg]:text-danger")}
    >
      {icon}
      <span className="grid min-w-0 flex-1">
        <span className="truncate">{children}</span>
        {hint !== undefined && <span className="text-xs text-muted">{hint}</span>}
      </span>
      {aside !== undefined && <span className="shrink-0 text-xs text-muted">{aside}</span>}
    </DropdownMenu.Item>
  );
}

/** A choice of one, such as a language. */
export function MenuChoice(props: { label: string; value: string; onChange: (value: string) => void; options: { value: string; label: string }[] }) {
  const { label, value, onChange, options } = props;
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={onChange} aria-label={label}>
      <DropdownMenu.Label className="px-2.5 pt-1.5 pb-1 text-xs text-muted">{label}</DropdownMenu.Label>
      {options.map((option) => (
        <DropdownMenu.RadioItem key={option.value} value={option.value} className={classes(ITEM, "justify-between")}>
          {option.label}
          <DropdownMenu.ItemIndicator>
            <span className="block size-2 rounded-full bg-accent" />
          </DropdownMenu.ItemIndicator>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="-mx-1.5 my-1.5 h-px bg-line" />;
}
