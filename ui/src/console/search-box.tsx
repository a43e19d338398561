import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { TextInput } from "@/kit/text-input";

const SETTLES_MS = 250;

/** A search that begins when its writer pauses. */
export function SearchBox({ label, value, onSearch }: { label: string; value: string | undefined; onSearch: (text: string | undefined) => void }) {
  const [text, setText] = useState(value ?? "");
  const search = useRef(onSearch);
  useEffect(() => {
    search.current = onSearch;
  });
  // A search that ends elsewhere, such as by clearing all filters, empties the box too.
  const [shownValue, setShownValue] = useState(value);
  if (value !== shownValue) {
    setShownValue(value);
    if ((value ?? "") !== text.trim()) setText(value ?? "");
  }
  useEffect(() => {
    const wanted = text.trim() === "" ? undefined : text.trim();
    if (wanted === value) return undefined;
    const timer = setTimeout(() => search.current(wanted), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <div className="relative min-w-0">
      <Search size={16} aria-hidden="true" className="pointer-events-none absolute start-3 top-1/2 -translate-y-1/2 text-muted" />
      <TextInput type="search" aria-label={label} placeholder={label} className="ps-9" value={text} onChange={(event) => setText(event.target.value)} />
    </div>
  );
}
