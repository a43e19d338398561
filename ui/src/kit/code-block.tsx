import { CopyButton } from "./copy-button";

/** Text for machines: as it is, in one width, with a button that copies it. */
export function CodeBlock({ text, label, wrap = false, isSecret = false }: { text: string; label: string; wrap?: boolean; isSecret?: boolean }) {
  return (
    <div className="flex min-w-0 items-start gap-1 rounded-panel border border-line bg-sunken py-1 ps-3.5 pe-1">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} aria-label={label} className={`min-w-0 flex-1 overflow-x-auto py-1.5 font-mono text-[0.8125rem] ${wrap ? "break-all whitespace-pre-wrap" : ""}`}>
        {text}
      </pre>
      <CopyButton value={text} isSecret={isSecret} />
    </div>
  );
}
