import { X } from "lucide-react";
import { useId, type ReactNode } from "react";
import { createPortal } from "react-dom";

import { classes } from "./classes";
import { IconButton } from "./icon-button";
import { useKitText } from "./kit-text";
import { useModal } from "./modal";

type DialogProps = {
  open: boolean;
  /** Called when the reader wants to leave by Escape, the backdrop or the cross. */
  onClose: () => void;
  title: string;
  description?: ReactNode;
  /** Whether Escape, the backdrop and the cross close it. */
  dismissable?: boolean;
  size?: "small" | "medium" | "large";
  role?: "dialog" | "alertdialog";
  children?: ReactNode;
  footer?: ReactNode;
};

const WIDTHS = { small: "sm:max-w-md", medium: "sm:max-w-lg", large: "sm:max-w-2xl" };

/**
 * A modal dialog on the platform's own element: the page behind cannot be reached, Escape is heard, and the focus goes
 * back where it came from. On narrow screens it rises from the lower edge.
 */
export function Dialog(props: DialogProps) {
  return props.open ? createPortal(<OpenDialog {...props} />, document.body) : null;
}

function OpenDialog(props: DialogProps) {
  const { onClose, title, description, dismissable = true, size = "medium", role = "dialog", children, footer } = props;
  const id = useId();
  const text = useKitText();
  const modal = useModal({ onClose, dismissable });

  return (
    <dialog
      {...modal}
      role={role}
      tabIndex={-1}
      aria-modal="true"
      data-kept={dismissable ? undefined : ""}
      aria-labelledby={`${id}-title`}
      aria-describedby={description === undefined ? undefined : `${id}-description`}
      className={classes(
        "fixed m-auto mb-0 max-h-[92dvh] w-full max-w-full overflow-hidden rounded-t-xl border border-line bg-surface p-0 shadow-xl outline-none rise sm:mb-auto sm:w-[calc(100%-2rem)] sm:rounded-xl",
        WIDTHS[size],
      )}
    >
      <div className="grid max-h-[92dvh] grid-rows-[auto_minmax(0,1fr)_auto]">
        <header className="flex items-start justify-between gap-4 px-5 pt-5">
          <div className="grid min-w-0 gap-1.5">
            <h2 id={`${id}-title`} className="text-base font-semibold">
              {title}
            </h2>
            {description !== undefined && (
              <div id={`${id}-description`} className="text-muted">
                {description}
              </div>
            )}
          </div>
          {dismissable && <IconButton className="-me-1.5 -mt-1.5" label={text.close} icon={<X size={18} />} onClick={onClose} />}
        </header>
        <div data-dialog-body className="overflow-y-auto overscroll-contain px-5 py-4">{children}</div>
        {footer !== undefined && (
          <footer data-dialog-footer className="flex flex-col-reverse gap-2 border-t border-line px-5 py-3.5 sm:flex-row sm:justify-end">{footer}</footer>
        )}
      </div>
    </dialog>
  );
}
