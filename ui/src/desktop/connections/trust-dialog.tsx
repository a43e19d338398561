import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { useToast } from "@/kit/toast";

import { useDeed } from "../desk";
import { ShellAlert } from "../shell-alert";
import type { Connection, TlsPolicy, TrustWish } from "../shell-types";
import { useTlsWords } from "./tls-words";

const WISHES = ["system", "ca_file", "present_key"] as const satisfies readonly TrustWish[];

/** Has a site known by something else. The shell lets nothing pass that was not the site before. */
export function TrustDialog({ connection, onClose }: { connection: Connection; onClose: () => void }) {
  const { t } = useTranslation("connections");
  const toast = useToast();
  const tlsWords = useTlsWords();
  const name = useId();
  const [wish, setWish] = useState<TrustWish>(connection.tls.kind === "system" ? "present_key" : "system");
  const change = useDeed({
    act: (shell) => shell.changeTrust(connection.id, wish),
    changes: ["connections"],
    onDone: (policy: TlsPolicy | null) => {
      if (policy === null) return;
      toast({ text: t("trust.done", { policy: tlsWords({ tls: policy, place: connection.place }) }) });
      onClose();
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("trust.title", { name: connection.name })}
      description={t("trust.why")}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
          <Button variant="primary" pending={change.isPending} onClick={() => change.mutate()}>
            {t("trust.act")}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        {change.isError && <ShellAlert failure={change.error} />}
        <p className="text-muted">{t("trust.now", { policy: tlsWords(connection) })}</p>
        <fieldset className="grid gap-2.5">
          <legend className="sr-only">{t("tls.name")}</legend>
          {WISHES.map((value) => (
            <div key={value} className="flex items-start gap-2.5">
              <input
                type="radio"
                name={name}
                id={`${name}-${value}`}
                aria-describedby={`${name}-${value}-hint`}
                className="mt-1 size-4 shrink-0 accent-accent"
                checked={value === wish}
                onChange={() => setWish(value)}
              />
              <div className="grid">
                <label htmlFor={`${name}-${value}`} className="py-0.5">
                  {t(`trust.wishes.${value}`)}
                </label>
                <p id={`${name}-${value}-hint`} className="text-[0.8125rem] text-muted">
                  {t(`trust.hints.${value}`)}
                </p>
              </div>
            </div>
          ))}
        </fieldset>
      </div>
    </Dialog>
  );
}
