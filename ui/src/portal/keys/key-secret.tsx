import { ExternalLink } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { KeyCreated } from "@/api/schema";
import { useSite, useSiteAddress } from "@/features/site";
import { Button } from "@/kit/button";
import { CopyId } from "@/kit/copy-id";
import { SecretOnce } from "@/kit/secret-once";
import { Select } from "@/kit/select";

import { CC_SWITCH_APPS, ccSwitchLink, type CcSwitchApp } from "./cc-switch";
import { TestCall } from "./test-call";

type KeySecretProps = {
  created: KeyCreated;
  /** What it is called and said of it where it is not any key. */
  title?: string;
  why?: string;
  note?: ReactNode;
  onSaved: () => void;
};

/** A key that was just made, shown for the only time: to be copied, tried and handed on. It is gone with the dialog. */
export function KeySecret({ created, title, why, note, onSaved }: KeySecretProps) {
  const { t } = useTranslation("keys");
  const { root, base } = useSiteAddress();
  const site = useSite().data?.name ?? "Waystation";
  const [app, setApp] = useState<CcSwitchApp>("claude");
  const [model, setModel] = useState<string>();
  return (
    <SecretOnce title={title ?? t("secret.title")} explanation={why ?? t("secret.why")} label={t("secret.label")} secret={created.secret} onSaved={onSaved}>
      {note}
      <p className="flex min-w-0 flex-wrap items-center justify-between gap-x-4">
        <span className="text-muted">{t("secret.base")}</span>
        <CopyId id={base} label={t("copyBase", { ns: "docs" })} />
      </p>
      <div className="border-t border-line pt-4">
        <TestCall secret={created.secret} model={model} onModel={setModel} />
      </div>
      <div className="grid gap-2 border-t border-line pt-4">
        <div className="flex flex-wrap items-center gap-2">
          <Select aria-label={t("secret.ccSwitchFor")} className="flex-1 basis-40" value={app} onChange={(event) => setApp(event.target.value as CcSwitchApp)}>
            {CC_SWITCH_APPS.map((name) => (
              <option key={name} value={name}>
                {t(`secret.apps.${name}`)}
              </option>
            ))}
          </Select>
          <Button icon={<ExternalLink size={16} />} onClick={() => location.assign(ccSwitchLink(app, { name: site, root, base }, created.secret, model))}>
            {t("secret.ccSwitch")}
          </Button>
        </div>
        <p className="text-[0.8125rem] text-muted">
          {t("secret.ccSwitchWhy")} {t("secret.warning")}
        </p>
      </div>
    </SecretOnce>
  );
}
