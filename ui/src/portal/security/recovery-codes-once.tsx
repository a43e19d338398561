import { Download } from "lucide-react";
import { useTranslation } from "react-i18next";

import { saveFile } from "@/features/save-file";
import { Button } from "@/kit/button";
import { SecretOnce } from "@/kit/secret-once";

/** New recovery codes, shown for the only time. */
export function RecoveryCodesOnce({ codes, onSaved }: { codes: string[]; onSaved: () => void }) {
  const { t } = useTranslation("portal");
  const text = codes.join("\n");
  const save = () => saveFile("waystation-recovery-codes.txt", new Blob([`${text}\n`], { type: "text/plain" }));
  return (
    <SecretOnce
      title={t("codes.onceTitle")}
      explanation={t("codes.once")}
      label={t("codes.title")}
      secret={text}
      actions={
        <Button icon={<Download size={16} />} onClick={save}>
          {t("codes.save")}
        </Button>
      }
      onSaved={onSaved}
    />
  );
}
