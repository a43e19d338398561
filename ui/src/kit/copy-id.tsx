import { CopyButton } from "./copy-button";

type CopyIdProps = {
  id: string;
  /** A shorter form to show; the whole id is copied and is in the title. */
  shown?: string;
  /** What is copied, as in "Copy request id". */
  label: string;
};

/** An id as machines write it, to be copied. */
export function CopyId({ id, shown = id, label }: CopyIdProps) {
  return (
    <span className="inline-flex max-w-full min-w-0 items-center gap-0.5">
      <code title={id} className={`min-w-0 font-mono text-[0.8125rem] ${shown === id ? "[overflow-wrap:anywhere]" : "whitespace-nowrap"}`}>
        {shown}
      </code>
      <CopyButton value={id} label={label} />
    </span>
  );
}
