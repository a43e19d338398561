import { useTranslation } from "react-i18next";

import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";

import type { Proposal } from "../shell-types";
import { Fingerprint, KeyComparison } from "./fingerprint";
import { SiteNamed } from "./site-named";

type PairingRefusedProps = { proposal: Proposal; onOther: () => void; onClose: () => void };

/** A site that is not the one the code was made by, or that nobody vouches for. There is no way past it. */
export function PairingRefused({ proposal: { host, address, expected, seen }, onOther, onClose }: PairingRefusedProps) {
  const { t } = useTranslation("connections");
  const isOther = expected !== null && seen !== null;
  return (
    <Dialog
      open
      onClose={onClose}
      size="large"
      role="alertdialog"
      title={isOther ? t("mismatch.title") : t("mismatch.untrustedTitle")}
      footer={
        <>
          <Button onClick={onOther}>{t("pairing.other")}</Button>
          <Button variant="primary" onClick={onClose}>
            {t("kit.close", { ns: "shared" })}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        <SiteNamed host={host} address={address} />
        <Alert tone="danger" live>
          <p>{isOther ? t("mismatch.why") : t("mismatch.untrusted")}</p>
        </Alert>
        {isOther && <KeyComparison change={{ expected, found: seen.fingerprint }} expectedLabel={t("mismatch.expected")} />}
        {!isOther && seen !== null && (
          <div className="grid gap-1.5">
            <p className="text-[0.8125rem] text-muted">{t("mismatch.found")}</p>
            <Fingerprint value={seen.fingerprint} />
          </div>
        )}
        <p className="text-muted">{t("mismatch.advice")}</p>
      </div>
    </Dialog>
  );
}
