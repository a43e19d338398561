import { ChevronsUpDown } from "lucide-react";
import type { ComponentProps } from "react";
import { useTranslation } from "react-i18next";

import type { Me } from "@/api/schema";
import { Avatar } from "@/kit/avatar";

/** Opens the menu of whoever is signed in, and says who that is. */
export function PersonButton({ me, compact = false, ...rest }: { me: Me; compact?: boolean } & ComponentProps<"button">) {
  const { t } = useTranslation();
  if (compact) {
    return (
      <button type="button" aria-label={t("frame.account")} className="rounded-full p-1" {...rest}>
        <Avatar name={me.display_name} />
      </button>
    );
  }
  return (
    <button type="button" className="flex w-full items-center gap-2.5 rounded-control p-2 text-start hover:bg-hover data-[state=open]:bg-hover" {...rest}>
      <Avatar name={me.display_name} size="small" />
      <span className="grid min-w-0 flex-1">
        <span className="truncate font-medium">{me.display_name}</span>
        <span className="truncate text-xs text-muted">{me.email}</span>
      </span>
      <ChevronsUpDown size={16} aria-hidden="true" className="shrink-0 text-muted" />
    </button>
  );
}
