import { RefreshCw, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { IconButton } from "@/kit/icon-button";
import { useKitText } from "@/kit/kit-text";

import { useSite } from "./site";
import { useSurroundings } from "./surroundings";

const LOOKS_EVERY_MS = 600_000;

/** Says that the server is of another version than the one these pages came from. Nobody is made to reload: what is typed would be lost. */
export function VersionNotice() {
  const { t } = useTranslation();
  const text = useKitText();
  const { reload } = useSurroundings();
  const version = useSite(LOOKS_EVERY_MS).data?.version;
  const [own, setOwn] = useState(version);
  if (own === undefined && version !== undefined) setOwn(version);
  if (version === undefined || own === undefined || version === own) return null;
  return (
    <div className="pointer-events-auto flex max-w-full items-center gap-3 rounded-panel border border-line bg-surface py-2 ps-3.5 pe-2 shadow-lg">
      <RefreshCw size={18} aria-hidden="true" className="shrink-0 text-accent" />
      <p className="min-w-0 py-1">{t("version.new")}</p>
      <Button size="small" variant="quiet" onClick={reload}>
        {t("version.reload")}
      </Button>
      <IconButton label={text.dismiss} icon={<X size={16} />} onClick={() => setOwn(version)} />
    </div>
  );
}
