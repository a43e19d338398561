import { Search } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Place } from "@/features/frame";
import { Button } from "@/kit/button";

const Palette = lazy(() => import("./palette").then(({ Palette }) => ({ default: Palette })));
const ShortcutSheet = lazy(() => import("./shortcut-sheet").then(({ ShortcutSheet }) => ({ default: ShortcutSheet })));

const STORED_AS = "waystation.shortcuts";

/** Whether single keys do something; those who speak to their computer may not want that. */
function areKeysOn(): boolean {
  try {
    return localStorage.getItem(STORED_AS) !== "off";
  } catch {
    return true;
  }
}

function rememberKeys(isOn: boolean) {
  try {
    localStorage.setItem(STORED_AS, isOn ? "on" : "off");
  } catch {
    // A browser that keeps nothing has them on the next time.
  }
}

/** The keys that work everywhere in the console, and a button for whoever has none. */
export function Shortcuts({ places }: { places: Place[] }) {
  const { t } = useTranslation("site");
  const [open, setOpen] = useState<"palette" | "sheet" | null>(null);
  const [isOn, setIsOn] = useState(areKeysOn);
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      const isPaletteKey = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      const isTyping = event.target instanceof HTMLElement && event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]") !== null;
      const isOverlaid = document.querySelector("dialog[open]") !== null;
      if (isOverlaid) return;
      if (isPaletteKey) setOpen("palette");
      else if (!isOn || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      else if (event.key === "?") setOpen("sheet");
      else if (event.key === "/") {
        const filter = document.querySelector<HTMLElement>("main :is(input[type=search], input[role=combobox], input[type=text])");
        if (filter === null) return;
        filter.focus();
      } else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, [isOn]);
  const change = (value: boolean) => {
    setIsOn(value);
    rememberKeys(value);
  };
  return (
    <>
      <Button size="small" icon={<Search size={16} />} className="w-full justify-start text-muted" onClick={() => setOpen("palette")} aria-keyshortcuts="Control+K Meta+K">
        <span className="min-w-0 flex-1 truncate text-start">{t("palette.open")}</span>
        <kbd className="font-sans text-xs">Ctrl K</kbd>
      </Button>
      <Suspense fallback={null}>
        {open === "palette" && <Palette places={places} onClose={() => setOpen(null)} />}
        {open === "sheet" && <ShortcutSheet isOn={isOn} onChange={change} onClose={() => setOpen(null)} />}
      </Suspense>
    </>
  );
}
