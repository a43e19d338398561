import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { Button } from "./button";
import { useClipboard } from "./clipboard";
import { IconButton } from "./icon-button";
import { useKitText } from "./kit-text";

const SHOWS_MS = 2_000;

type CopyButtonProps = {
  /** What goes to the clipboard. */
  value: string;
  /** What is copied, for readers who do not see what the button stands beside. */
  label?: string;
  /** With its word, or as an icon alone. */
  look?: "icon" | "button";
  variant?: "primary" | "secondary";
  /** Whether it is not to stay on the clipboard where that can be helped. */
  isSecret?: boolean;
  onCopied?: () => void;
};

/** Copies a text and says that it did. */
export function CopyButton({ value, label, look = "icon", variant = "secondary", isSecret = false, onCopied }: CopyButtonProps) {
  const text = useKitText();
  const write = useClipboard();
  const [outcome, setOutcome] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (outcome === null) return undefined;
    const timer = setTimeout(() => setOutcome(null), SHOWS_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    try {
      await write(value, isSecret);
      setOutcome("copied");
      onCopied?.();
    } catch {
      setOutcome("failed");
    }
  };
  const icon = outcome === "copied" ? <Check size={16} /> : <Copy size={16} />;
  return (
    <>
      {look === "icon" ? (
        <IconButton label={label ?? text.copy} icon={icon} onClick={copy} />
      ) : (
        <Button variant={variant} icon={icon} onClick={copy} aria-label={label}>
          {outcome === "copied" ? text.copied : text.copy}
        </Button>
      )}
      <span role="status" className={outcome === "failed" ? "text-[0.8125rem] text-danger" : "sr-only"}>
        {outcome === "copied" ? text.copied : outcome === "failed" ? text.copyFailed : ""}
      </span>
    </>
  );
}
