import { ChevronLeft, ChevronRight } from "lucide-react";

import { Button } from "./button";
import { useKitText } from "./kit-text";

type PagerProps = { label: string; page: number; onPrevious?: (() => void) | undefined; onNext?: (() => void) | undefined };

/** Steps through a list of which only the next page is known. */
export function Pager({ label, page, onPrevious, onNext }: PagerProps) {
  const text = useKitText();
  if (onPrevious === undefined && onNext === undefined) return null;
  return (
    <nav aria-label={label} className="flex items-center justify-between gap-3 border-t border-line px-4 py-2.5 sm:px-5">
      <span className="text-[0.8125rem] text-muted tabular-nums">{text.page(page)}</span>
      <div className="flex gap-2">
        {onPrevious !== undefined && (
          <Button size="small" icon={<ChevronLeft size={16} />} onClick={onPrevious}>
            {text.previous}
          </Button>
        )}
        {onNext !== undefined && (
          <Button size="small" onClick={onNext}>
            {text.next}
            <ChevronRight size={16} aria-hidden="true" />
          </Button>
        )}
      </div>
    </nav>
  );
}
