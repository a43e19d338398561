import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ConfirmDialog } from "@/kit/confirm-dialog";
import { Panel } from "@/kit/panel";
import { Switch } from "@/kit/switch";

import { useDeed } from "../desk";
import { ShellAlert } from "../shell-alert";
import type { LocalServerView } from "../shell-types";

/** Makes the server a service of the reader's, or takes that back. Both are asked about first. */
export function KeepRunning({ view: { is_service, can_be_service } }: { view: LocalServerView }) {
  const { t } = useTranslation("local");
  const [asks, setAsks] = useState(false);
  const keep = useDeed({
    act: (shell, enabled: boolean) => shell.keepLocalServerRunning(enabled),
    changes: ["local-server", "connections"],
    onDone: () => setAsks(false),
  });
  const words = is_service ? "off" : "on";
  const canChange = is_service || can_be_service;
  const hint = is_service ? t("keep.on") : can_be_service ? t("keep.off") : t("keep.cannot");
  return (
    <Panel title={t("keep.title")}>
      <Switch label={t("keep.label")} hint={hint} checked={is_service} disabled={!canChange} onChange={() => setAsks(true)} />
      <ConfirmDialog
        open={asks}
        tone={is_service ? "danger" : "primary"}
        title={t(`keep.${words}Title`)}
        consequence={t(`keep.${words}What`)}
        action={t(`keep.${words}Act`)}
        cancel={t("cancel", { ns: "shared" })}
        pending={keep.isPending}
        onConfirm={() => keep.mutate(!is_service)}
        onCancel={() => setAsks(false)}
      >
        {keep.isError && <ShellAlert failure={keep.error} />}
      </ConfirmDialog>
    </Panel>
  );
}
