import { useTranslation } from "react-i18next";

import { useKitText } from "@/kit/kit-text";
import { Mark } from "@/kit/mark";
import { Spinner } from "@/kit/spinner";

/** Stands in for a page whose code or person is on its way. */
export function PagePending() {
  const text = useKitText();
  return (
    <div role="status" aria-label={text.loading} className="grid min-h-60 place-items-center text-muted appear-late">
      <Spinner className="size-5" />
    </div>
  );
}

/** The frame of a page whose person is on the way, as it is in the HTML before the script: nothing jumps. */
export function FramePending({ part }: { part?: string }) {
  const { t } = useTranslation();
  return (
    <div>
      <div className="flex h-14 items-center gap-2.5 border-b border-line bg-surface px-4 font-semibold md:h-dvh md:w-60 md:items-start md:border-e md:border-b-0 md:pt-[0.9375rem]">
        <Mark size={26} />
        <span className="truncate">{t("product")}</span>
        {part !== undefined && <span className="truncate font-normal text-muted">{part}</span>}
      </div>
    </div>
  );
}
