import { CartesianGrid, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";

import { chooseTicks } from "./chart-ticks";
import type { LineChartProps } from "./line-chart";

/** Room for the numbers at the side. It is given, so that the lines do not move once they are there. */
const TICKS_PX = 72;
const TICK = { fill: "var(--ws-muted)", fontSize: 12 };

/** The picture alone. Whoever cannot see it has the same in the chart's table, so it is out of the way of readers. */
export default function LineChartDrawing({ steps, series, writeTick }: LineChartProps) {
  const rows = steps.map((_, place) => ({ place, ...Object.fromEntries(series.map(({ id, values }) => [id, values[place]?.number ?? 0])) }));
  const ticks = chooseTicks(Math.max(0, ...series.flatMap(({ values }) => values.map(({ number }) => number))));
  return (
    <ResponsiveContainer width="100%" height="100%" minWidth={0}>
      <LineChart data={rows} margin={{ top: 8, right: 12, bottom: 0, left: 0 }} className="overflow-hidden" accessibilityLayer={false}>
        <CartesianGrid vertical={false} stroke="var(--ws-line)" />
        <XAxis dataKey="place" tickFormatter={(place: number) => steps[place]?.short ?? ""} tick={TICK} tickLine={false} axisLine={{ stroke: "var(--ws-line)" }} minTickGap={28} />
        <YAxis tickFormatter={writeTick} tick={TICK} tickLine={false} axisLine={false} width={TICKS_PX} ticks={ticks} domain={[0, ticks.at(-1) ?? "auto"]} />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: "var(--ws-edge)", strokeWidth: 1 }}
          content={({ active, label }) => (active === true ? <At {...{ steps, series }} place={Number(label)} /> : null)}
        />
        {series.map(({ id, look }) => (
          <Line
            key={id}
            dataKey={id}
            type="linear"
            stroke={look.colour}
            strokeWidth={2}
            strokeDasharray={look.dash}
            dot={steps.length < 3 ? { r: 3, strokeDasharray: "0" } : false}
            activeDot={{ r: 4 }}
            isAnimationActive={false}
          />
        ))}
      </LineChart>
    </ResponsiveContainer>
  );
}

/** The numbers under the pointer. */
function At({ steps, series, place }: Pick<LineChartProps, "steps" | "series"> & { place: number }) {
  return (
    <div className="grid gap-1 rounded-panel border border-line bg-surface px-3 py-2 text-[0.8125rem] shadow-lg">
      <p className="font-medium">{steps[place]?.full}</p>
      {series.map(({ id, name, look, values }) => (
        <p key={id} className="flex items-center justify-between gap-4">
          <span className="flex items-center gap-2 text-muted">
            <svg width="16" height="8" aria-hidden="true">
              <line x1="0" x2="16" y1="4" y2="4" stroke={look.colour} strokeWidth="2.5" strokeDasharray={look.dash} />
            </svg>
            {name}
          </span>
          <span className="tabular-nums">{values[place]?.text}</span>
        </p>
      ))}
    </div>
  );
}
