import { Search } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { IconButton } from "@/kit/icon-button";

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Opens the palette for whoever does not use its keys. Narrow screens have room for the sign alone. */
export function PaletteButton({ compact = false, onClick }: { compact?: boolean; onClick: () => void }) {
  const { t } = useTranslation("site");
  if (compact) return <IconButton label={t("palette.open")} icon={<Search size={20} aria-hidden="true" />} onClick={onClick} />;
  return (
    <Button size="small" icon={<Search size={16} aria-hidden="true" />} className="w-full justify-start text-muted" onClick={onClick} aria-keyshortcuts="Control+K Meta+K">
      <span className="min-w-0 flex-1 truncate text-start">{t("palette.open")}</span>
      <kbd aria-hidden="true" className="font-sans text-xs">
        {isApple ? "⌘ K" : "Ctrl K"}
      </kbd>
    </Button>
  );
}
