import { CircleAlert, CircleCheck, X } from "lucide-react";
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { IconButton } from "./icon-button";
import { useKitText } from "./kit-text";

export type ToastContent = { tone?: "success" | "danger"; text: string; action?: { label: string; run: () => void } };
type Shown = ToastContent & { id: number };

const STAYS_MS = 5_000;
const STAYS_WITH_ACTION_MS = 8_000;

const Context = createContext<(toast: ToastContent) => void>(() => undefined);

/** Shows a word about what was done; it goes by itself, but not under the pointer or the focus. */
export function useToast() {
  return useContext(Context);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown[]>([]);
  const count = useRef(0);
  const show = useCallback((toast: ToastContent) => {
    count.current += 1;
    const id = count.current;
    setShown((before) => [...before.slice(-2), { ...toast, id }]);
  }, []);
  const remove = useCallback((id: number) => setShown((before) => before.filter((toast) => toast.id !== id)), []);
  const list = useMemo(() => shown.map((toast) => <Toast key={toast.id} toast={toast} onGone={() => remove(toast.id)} />), [shown, remove]);
  return (
    <Context.Provider value={show}>
      {children}
      <div
        role="status"
        aria-live="polite"
        className="pointer-events-none fixed inset-x-0 bottom-0 z-50 grid justify-items-center gap-2 p-4 max-md:pb-20 sm:justify-items-end"
      >
        {list}
      </div>
    </Context.Provider>
  );
}

function Toast({ toast, onGone }: { toast: Shown; onGone: () => void }) {
  const text = useKitText();
  const [isHeld, setIsHeld] = useState(false);
  const gone = useRef(onGone);
  useEffect(() => {
    gone.current = onGone;
  });
  const stays = toast.action === undefined ? STAYS_MS : STAYS_WITH_ACTION_MS;
  useEffect(() => {
    if (isHeld) return undefined;
    const timer = setTimeout(() => gone.current(), stays);
    return () => clearTimeout(timer);
  }, [isHeld, stays]);
  return (
    <div
      className="pointer-events-auto flex max-w-full items-center gap-3 rounded-panel border border-line bg-surface py-2 ps-3.5 pe-2 shadow-lg rise"
      onMouseEnter={() => setIsHeld(true)}
      onMouseLeave={() => setIsHeld(false)}
      onFocus={() => setIsHeld(true)}
      onBlur={() => setIsHeld(false)}
    >
      {toast.tone === "danger" ? (
        <CircleAlert size={18} aria-hidden="true" className="shrink-0 text-danger" />
      ) : (
        <CircleCheck size={18} aria-hidden="true" className="shrink-0 text-success" />
      )}
      <p className="min-w-0">{toast.text}</p>
      {toast.action !== undefined && (
        <button
          type="button"
          className="rounded-control px-2 py-1 font-medium text-accent hover:bg-hover"
          onClick={() => {
            toast.action?.run();
            onGone();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <IconButton label={text.dismiss} icon={<X size={16} />} onClick={onGone} />
    </div>
  );
}
