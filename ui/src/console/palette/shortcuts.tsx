import { useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";

import type { Place } from "@/features/frame";

import { letterOf } from "./letters";
import type { Destination } from "./palette";

const Palette = lazy(() => import("./palette").then(({ Palette }) => ({ default: Palette })));
const ShortcutSheet = lazy(() => import("./shortcut-sheet").then(({ ShortcutSheet }) => ({ default: ShortcutSheet })));

const STORED_AS = "waystation.shortcuts";
/** How long a second letter is waited for. */
const SEQUENCE_MS = 1_500;
const FILTER = "main :is(input[type=search], input[role=combobox], input[type=text])";
const TAKES_TEXT = "input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]";

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

export type Overlay = "palette" | "sheet" | null;
type ShortcutsProps = { places: Place[]; others?: readonly Destination[]; open: Overlay; onOpen: (overlay: Overlay) => void };

/** The keys that work everywhere in the console, and what they open. */
export function Shortcuts({ places, others, open, onOpen }: ShortcutsProps) {
  const router = useRouter();
  const [isOn, setIsOn] = useState(areKeysOn);
  // When `g` was pressed, the next letter names a place.
  const wentAt = useRef(-SEQUENCE_MS);
  useEffect(() => {
    const act = (event: KeyboardEvent): boolean => {
      if (document.querySelector("dialog[open]") !== null || event.isComposing) return false;
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
      if (event.key.toLowerCase() === "k" && hasModifier && !event.altKey && !event.shiftKey) {
        onOpen("palette");
        return true;
      }
      const isTyping = event.target instanceof HTMLElement && event.target.closest(TAKES_TEXT) !== null;
      const isMenuOpen = document.querySelector("[role=menu]") !== null;
      if (!isOn || isTyping || hasModifier || isMenuOpen) return false;
      const follows = event.timeStamp - wentAt.current < SEQUENCE_MS;
      wentAt.current = !follows && event.key === "g" ? event.timeStamp : -SEQUENCE_MS;
      if (follows) {
        const place = places.find(({ to }) => letterOf(to) === event.key);
        if (place !== undefined) router.history.push(place.to);
        return place !== undefined;
      }
      if (event.key === "?") {
        onOpen("sheet");
        return true;
      }
      const filter = event.key === "/" ? document.querySelector<HTMLElement>(FILTER) : null;
      filter?.focus();
      return filter !== null;
    };
    const hear = (event: KeyboardEvent) => {
      if (act(event)) event.preventDefault();
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, [isOn, onOpen, places, router]);
  const change = (value: boolean) => {
    setIsOn(value);
    rememberKeys(value);
  };
  return (
    <Suspense fallback={null}>
      {open === "palette" && <Palette places={places} others={others} onClose={() => onOpen(null)} />}
      {open === "sheet" && <ShortcutSheet places={places} isOn={isOn} onChange={change} onClose={() => onOpen(null)} />}
    </Suspense>
  );
}
