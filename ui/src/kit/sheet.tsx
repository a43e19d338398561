import { X } from "lucide-react";
import { useId, type ReactNode } from "react";
import { createPortal } from "react-dom";

import { IconButton } from "./icon-button";
import { useKitText } from "./kit-text";
import { useModal } from "./modal";

type SheetProps = {
  /** Called when the reader wants to leave by Escape, the backdrop or the cross. */
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  /** Stands beside the cross, such as a way to the next one. */
  actions?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
};

/** One thing of a list with all its details, at the side of the page; on narrow screens in its place. */
export function Sheet(props: SheetProps) {
  return createPortal(<OpenSheet {...props} />, document.body);
}

function OpenSheet({ onClose, title, description, actions, children, footer }: SheetProps) {
  const id = useId();
  const text = useKitText();
  const modal = useModal({ onClose, dismissable: true });
  return (
    <dialog
      {...modal}
      tabIndex={-1}
      aria-modal="true"
      aria-labelledby={`${id}-title`}
      className="fixed inset-y-0 start-auto end-0 m-0 h-dvh max-h-none w-full max-w-full border-s border-line bg-surface p-0 outline-none rise sm:w-[34rem] sm:max-w-[calc(100%-3rem)]"
    >
      <div className="grid h-full grid-rows-[auto_minmax(0,1fr)_auto]">
        <header className="flex items-start justify-between gap-3 border-b border-line px-5 py-4">
          <div className="grid min-w-0 gap-1">
            <h2 id={`${id}-title`} className="text-base font-semibold [overflow-wrap:anywhere]">
              {title}
            </h2>
            {description !== undefined && <div className="text-muted">{description}</div>}
          </div>
          <div className="-me-1.5 -mt-1.5 flex">
            {actions}
            <IconButton label={text.close} icon={<X size={18} />} onClick={onClose} />
          </div>
        </header>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard. */}
        <div tabIndex={0} role="region" aria-labelledby={`${id}-title`} className="overflow-y-auto overscroll-contain px-5 py-5 -outline-offset-2">
          {children}
        </div>
        {footer !== undefined && <footer className="flex flex-wrap gap-2 border-t border-line px-5 py-3.5">{footer}</footer>}
      </div>
    </dialog>
  );
}
