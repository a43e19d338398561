import { useId } from "react";

import { classes } from "./classes";
import { Segments } from "./segments";
import { inputLook } from "./text-input";

export type DateRangeValue<Preset extends string> = { preset: Preset } | { from: string; until: string };

type DateRangeProps<Preset extends string> = {
  label: string;
  presets: readonly { value: Preset; label: string }[];
  value: DateRangeValue<Preset>;
  onChange: (value: DateRangeValue<Preset>) => void;
  /** The days that the value stands for, as the inputs show them: `2026-11-21`. */
  from: string;
  until: string;
  /** No day after this one can be taken. */
  lastDay: string;
  fromLabel: string;
  untilLabel: string;
  /** The zone that days are days of; it is always in sight. */
  zone: string;
};

/** A span of time: one of the usual ones, or from a day to a day. */
export function DateRange<Preset extends string>(props: DateRangeProps<Preset>) {
  const { label, presets, value, onChange, from, until, lastDay, fromLabel, untilLabel, zone } = props;
  const zoneId = useId();
  const day = classes(inputLook, "w-36 px-2 pointer-coarse:w-40");
  const take = (start: string, end: string) => {
    if (start !== "" && end !== "") onChange(start <= end ? { from: start, until: end } : { from: end, until: start });
  };
  return (
    <div role="group" aria-label={label} aria-describedby={zoneId} className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-2">
      <Segments label={label} value={"preset" in value ? value.preset : undefined} options={presets} onChange={(preset) => onChange({ preset })} />
      <div className="flex min-w-0 items-center gap-1.5">
        <input type="date" aria-label={fromLabel} max={lastDay} value={from} onChange={(event) => take(event.target.value, until)} className={day} />
        <span aria-hidden="true" className="text-muted">
          –
        </span>
        <input type="date" aria-label={untilLabel} max={lastDay} value={until} onChange={(event) => take(from, event.target.value)} className={day} />
      </div>
      <span id={zoneId} className="text-[0.8125rem] text-muted">
        {zone}
      </span>
    </div>
  );
}
