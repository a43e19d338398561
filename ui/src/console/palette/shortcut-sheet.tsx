import { useTranslation } from "react-i18next";

import type { Place } from "@/features/frame";
import { Dialog } from "@/kit/dialog";
import { Fact, Facts } from "@/kit/facts";
import { Switch } from "@/kit/switch";

import { letterOf } from "./letters";

const KEYS = [
  ["palette", "Ctrl K · ⌘ K"],
  ["filter", "/"],
  ["help", "?"],
  ["close", "Esc"],
] as const;

type ShortcutSheetProps = { places: Place[]; isOn: boolean; onChange: (isOn: boolean) => void; onClose: () => void };

/** Which keys do what. Those of letters can be switched off. */
export function ShortcutSheet({ places, isOn, onChange, onClose }: ShortcutSheetProps) {
  const { t } = useTranslation("site");
  return (
    <Dialog open size="small" onClose={onClose} title={t("shortcuts.title")}>
      <div className="grid grid-cols-1 gap-4">
        <Switch label={t("shortcuts.single")} hint={t("shortcuts.singleHint")} checked={isOn} onChange={(event) => onChange(event.target.checked)} />
        <Facts>
          {KEYS.map(([name, keys]) => (
            <Fact key={name} name={t(`shortcuts.${name}`)}>
              <Keys of={keys} />
            </Fact>
          ))}
        </Facts>
        <section className="grid gap-1">
          <h3 className="text-[0.8125rem] font-semibold">{t("shortcuts.places")}</h3>
          <Facts>
            {places.map(({ to, label }) => {
              const letter = letterOf(to);
              return (
                letter !== undefined && (
                  <Fact key={to} name={label}>
                    <Keys of={`g ${letter}`} />
                  </Fact>
                )
              );
            })}
          </Facts>
        </section>
      </div>
    </Dialog>
  );
}

function Keys({ of: keys }: { of: string }) {
  return <kbd className="rounded-control border border-line bg-sunken px-1.5 py-0.5 font-mono text-[0.8125rem]">{keys}</kbd>;
}
