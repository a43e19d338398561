import { useTranslation } from "react-i18next";

import { classes } from "@/kit/classes";

import type { Fingerprint as Value, KeyChange } from "../shell-types";

const GROUP = /.{1,4}/g;

/** A fingerprint in groups, so that two of them can be compared by eye. */
export function Fingerprint({ value }: { value: Value }) {
  return (
    <code className="flex flex-wrap gap-x-2.5 gap-y-0.5 font-mono text-[0.8125rem]">
      {value.match(GROUP)?.map((group, place) => <span key={place}>{group}</span>)}
    </code>
  );
}

/** Two keys that should be one, side by side; where they differ is marked. */
export function KeyComparison({ change, expectedLabel }: { change: KeyChange; expectedLabel: string }) {
  const { t } = useTranslation("connections");
  const sides = [
    { label: expectedLabel, value: change.expected, other: change.found },
    { label: t("mismatch.found"), value: change.found, other: change.expected },
  ];
  return (
    <dl className="grid grid-cols-1 gap-3 sm:grid-cols-2">
      {sides.map(({ label, value, other }) => (
        <div key={label} className="grid content-start gap-1.5 rounded-panel border border-line bg-sunken px-3 py-2.5">
          <dt className="text-[0.8125rem] text-muted">{label}</dt>
          <dd>
            <DifferingGroups value={value} other={other} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function DifferingGroups({ value, other }: { value: Value; other: Value }) {
  const groups = value.match(GROUP) ?? [];
  const others = other.match(GROUP) ?? [];
  return (
    <code className="flex flex-wrap gap-x-2.5 gap-y-0.5 font-mono text-[0.8125rem]">
      {groups.map((group, place) => (
        <span key={place} className={classes(group !== others[place] && "font-semibold text-danger underline underline-offset-4")}>
          {group}
        </span>
      ))}
    </code>
  );
}
