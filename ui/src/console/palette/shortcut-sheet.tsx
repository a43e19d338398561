import { useTranslation } from "react-i18next";

import { Dialog } from "@/kit/dialog";
import { Fact, Facts } from "@/kit/facts";
import { Switch } from "@/kit/switch";

const KEYS = [
  ["palette", "Ctrl K · ⌘ K"],
  ["filter", "/"],
  ["help", "?"],
  ["close", "Esc"],
] as const;

/** Which keys do what. Those of one letter can be switched off. */
export function ShortcutSheet({ isOn, onChange, onClose }: { isOn: boolean; onChange: (isOn: boolean) => void; onClose: () => void }) {
  const { t } = useTranslation("site");
  return (
    <Dialog open size="small" onClose={onClose} title={t("shortcuts.title")}>
      <div className="grid gap-4">
        <Facts>
          {KEYS.map(([name, keys]) => (
            <Fact key={name} name={t(`shortcuts.${name}`)}>
              <kbd className="rounded-control border border-line bg-sunken px-1.5 py-0.5 font-mono text-[0.8125rem]">{keys}</kbd>
            </Fact>
          ))}
        </Facts>
        <Switch label={t("shortcuts.single")} hint={t("shortcuts.singleHint")} checked={isOn} onChange={(event) => onChange(event.target.checked)} />
      </div>
    </Dialog>
  );
}
