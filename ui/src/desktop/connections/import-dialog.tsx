import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { Checkbox } from "@/kit/checkbox";
import { Dialog } from "@/kit/dialog";
import { EmptyState } from "@/kit/empty-state";
import { useToast } from "@/kit/toast";

import { ColourMark, EnvironmentBadge } from "../connection-marks";
import { useDeed } from "../desk";
import { ShellAlert } from "../shell-alert";
import type { ImportPreview, PreviewedConnection } from "../shell-types";

/** Shows what taking a file in would do, before it does. */
export function ImportDialog({ preview, onClose }: { preview: ImportPreview; onClose: () => void }) {
  const { t } = useTranslation("connections");
  const toast = useToast();
  const { connections } = preview;
  const [chosen, setChosen] = useState(() => new Set(connections.filter(({ change }) => change.kind !== "none").map(({ connection }) => connection.id)));
  const apply = useDeed({
    act: (shell) => shell.applyImport([...chosen]),
    changes: ["connections"],
    onDone: () => {
      toast({ text: t("import.done", { count: chosen.size }) });
      onClose();
    },
  });
  const choose = (id: string, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      size="large"
      title={t("import.title")}
      description={t("import.why")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
          <Button variant="primary" pending={apply.isPending} blockedBy={chosen.size === 0 ? t("import.choose") : undefined} onClick={() => apply.mutate()}>
            {t("import.act", { count: chosen.size })}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        {apply.isError && <ShellAlert failure={apply.error} />}
        {connections.length === 0 ? (
          <EmptyState title={t("import.nothing")} />
        ) : (
          <ul className="divide-y divide-line">
            {connections.map((previewed) => (
              <Previewed key={previewed.connection.id} of={previewed} isChosen={chosen.has(previewed.connection.id)} onChoose={choose} />
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}

type PreviewedProps = { of: PreviewedConnection; isChosen: boolean; onChoose: (id: string, isChosen: boolean) => void };

function Previewed({ of: { connection, change, needs_pairing }, isChosen, onChoose }: PreviewedProps) {
  const { t, i18n } = useTranslation("connections");
  const { id, name, colour, environment, place } = connection;
  const list = new Intl.ListFormat(i18n.language, { type: "conjunction" });
  return (
    <li className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 py-2.5">
      <Checkbox
        label={
          <span className="inline-flex items-center gap-2">
            <ColourMark colour={colour} />
            <bdi className="font-medium">{name}</bdi>
          </span>
        }
        hint={
          <>
            {place.kind === "site" && <span className="block [overflow-wrap:anywhere]">{place.address}</span>}
            {change.kind === "changed" && <span className="block">{t("import.changed", { fields: list.format(change.fields.map((field) => t(`import.fields.${field}`))) })}</span>}
            {needs_pairing && <span className="block">{change.kind === "added" ? t("import.needsPairing") : t("import.givesUp")}</span>}
          </>
        }
        checked={isChosen}
        disabled={change.kind === "none"}
        onChange={(event) => onChoose(id, event.target.checked)}
      />
      <span className="flex items-center gap-2 pt-0.5">
        {change.kind === "added" && <Badge tone="accent">{t("import.added")}</Badge>}
        {change.kind === "none" && <Badge>{t("import.none")}</Badge>}
        <EnvironmentBadge environment={environment} />
      </span>
    </li>
  );
}
