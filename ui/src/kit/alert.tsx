import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { classes } from "./classes";

const TONES = {
  info: { box: "bg-accent-soft", ink: "text-accent", Icon: Info },
  success: { box: "bg-success-soft", ink: "text-success", Icon: CircleCheck },
  warning: { box: "bg-warning-soft", ink: "text-warning", Icon: TriangleAlert },
  danger: { box: "bg-danger-soft", ink: "text-danger", Icon: CircleAlert },
};

type AlertProps = { tone: keyof typeof TONES; title?: string; children?: ReactNode; action?: ReactNode; live?: boolean };

/** Something the reader should know here and now. A live one is read out when it appears. */
export function Alert({ tone, title, children, action, live = false }: AlertProps) {
  const { box, ink, Icon } = TONES[tone];
  return (
    <div role={live ? (tone === "danger" ? "alert" : "status") : undefined} className={classes("flex gap-3 rounded-panel px-3.5 py-3", box)}>
      <Icon size={18} aria-hidden="true" className={classes("mt-px shrink-0", ink)} />
      <div className="grid min-w-0 flex-1 gap-1">
        {title !== undefined && <p className="font-medium">{title}</p>}
        {children !== undefined && <div className="min-w-0">{children}</div>}
        {Boolean(action) && <div className="pt-1.5">{action}</div>}
      </div>
    </div>
  );
}
