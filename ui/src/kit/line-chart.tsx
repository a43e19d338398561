import { lazy, Suspense, useId } from "react";

import type { ChartLook } from "./chart-look";
import { Skeleton } from "./skeleton";

/** A place on the axis: in short below it, and in full where it is spoken of. */
export type ChartStep = { id: string; short: string; full: string };
/** The number is for drawing; the text is what is true to the last digit. */
export type ChartValue = { number: number; text: string };
export type ChartSeries = { id: string; name: string; total: string; look: ChartLook; values: ChartValue[] };

export type LineChartProps = {
  /** What is drawn, in a sentence: it names the chart and its table. */
  caption: string;
  /** What the axis below is, such as "Day". */
  stepName: string;
  /** The words of what opens the table. */
  tableLabel: string;
  steps: ChartStep[];
  series: ChartSeries[];
  /** Writes a number of the axis at the side. */
  writeTick: (number: number) => string;
};

const Drawing = lazy(() => import("./line-chart-drawing"));

/** Lines over time, from zero, with the numbers behind them in a table. The drawing comes after the numbers. */
export function LineChart(props: LineChartProps) {
  const { caption, stepName, tableLabel, steps, series } = props;
  const id = useId();
  return (
    <figure aria-labelledby={id} className="grid min-w-0 grid-cols-1 gap-3">
      <figcaption id={id} className="sr-only">
        {caption}
      </figcaption>
      <ul className="flex flex-wrap gap-x-5 gap-y-1.5">
        {series.map(({ id, name, total, look }) => (
          <li key={id} className="flex max-w-full min-w-0 items-center gap-2 text-[0.8125rem]">
            <svg width="22" height="10" aria-hidden="true" className="shrink-0">
              <line x1="1" x2="21" y1="5" y2="5" stroke={look.colour} strokeWidth="2.5" strokeDasharray={look.dash} />
            </svg>
            <span className="min-w-0 truncate text-muted">{name}</span>
            <span className="font-medium tabular-nums">{total}</span>
          </li>
        ))}
      </ul>
      <div aria-hidden="true" className="h-56 min-w-0 sm:h-64">
        <Suspense fallback={<Skeleton className="h-full" />}>
          <Drawing {...props} />
        </Suspense>
      </div>
      <details className="group min-w-0">
        <summary className="w-fit rounded-control text-[0.8125rem] font-medium text-accent pointer-coarse:py-3">{tableLabel}</summary>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard. */}
        <div tabIndex={0} role="region" aria-label={caption} className="mt-2 max-h-80 overflow-auto rounded-control border border-line">
          <table className="w-full border-collapse text-[0.8125rem]">
            <caption className="sr-only">{caption}</caption>
            <thead>
              <tr>
                <th scope="col" className="sticky top-0 bg-sunken px-3 py-1.5 text-start font-medium text-muted">
                  {stepName}
                </th>
                {series.map(({ id, name }) => (
                  <th key={id} scope="col" className="sticky top-0 bg-sunken px-3 py-1.5 text-end font-medium text-muted">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {steps.map((step, place) => (
                <tr key={step.id} className="border-t border-line">
                  <th scope="row" className="px-3 py-1 text-start font-normal whitespace-nowrap">
                    {step.full}
                  </th>
                  {series.map(({ id, values }) => (
                    <td key={id} className="px-3 py-1 text-end tabular-nums">
                      {values[place]?.text}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
