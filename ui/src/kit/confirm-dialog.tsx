import type { ReactNode } from "react";

import { Button } from "./button";
import { Dialog } from "./dialog";

type ConfirmDialogProps = {
  open: boolean;
  title: string;
  /** What will have happened afterwards, in the reader's words. */
  consequence: ReactNode;
  /** The verb: what the press does. */
  action: string;
  cancel: string;
  tone?: "danger" | "primary";
  pending?: boolean;
  blockedBy?: string | undefined;
  onConfirm: () => void;
  onCancel: () => void;
  children?: ReactNode;
};

/** Asks before what cannot be undone. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { open, title, consequence, action, cancel, tone = "danger", pending = false, blockedBy, onConfirm, onCancel, children } = props;
  const footer = (
    <>
      <Button onClick={onCancel}>
        {cancel}
      </Button>
      <Button variant={tone} pending={pending} blockedBy={blockedBy} onClick={onConfirm}>
        {action}
      </Button>
    </>
  );
  return (
    <Dialog open={open} onClose={onCancel} title={title} description={consequence} role="alertdialog" size="small" footer={footer}>
      <div className="grid gap-4 empty:hidden">
        {children}
        {blockedBy !== undefined && <p className="text-[0.8125rem] text-muted">{blockedBy}</p>}
      </div>
    </Dialog>
  );
}
