import type { UsagePoint, UsageSeries, UsageSums } from "@/api/schema";
import { compareAmounts, sumAmounts } from "@/features/exact-sum";
import { CHART_SERIES_MAX, looksOf, lookAt, restLook } from "@/kit/chart-look";
import type { ChartSeries, ChartStep, ChartValue } from "@/kit/line-chart";

type Writers = {
  language: string;
  number: (count: number) => string;
  money: (amount: string) => string;
  /** What a group is called. */
  nameOf: (group: string) => string;
  rest: string;
  input: string;
  output: string;
  cost: string;
};

/** The axis of a chart: each step in short below it, and in full where it is spoken of. */
export function chartSteps(series: UsageSeries, language: string): ChartStep[] {
  const zone = series.time_zone;
  const short = new Intl.DateTimeFormat(language, series.by === "day" ? { month: "numeric", day: "numeric", timeZone: "UTC" } : { hour: "numeric", minute: "2-digit", timeZone: zone });
  const full = new Intl.DateTimeFormat(language, series.by === "day" ? { dateStyle: "medium", timeZone: "UTC" } : { dateStyle: "medium", timeStyle: "short", timeZone: zone });
  // A day is the same day wherever it is read, so it is taken from its name and not from the moment it begins.
  const time = (step: { at: string; date: string }) => new Date(series.by === "day" ? `${step.date}T00:00:00Z` : step.at);
  return series.steps.map((step) => ({ id: step.at, short: short.format(time(step)), full: full.format(time(step)) }));
}

/** Tokens in and out, or tokens of the dearest groups where there are groups. */
export function tokenSeries(series: UsageSeries, write: Writers): ChartSeries[] {
  const count = (tokens: number): ChartValue => ({ number: tokens, text: write.number(tokens) });
  if (series.group_by === "none") {
    const line = (id: string, name: string, place: number, read: (sums: UsageSums) => number): ChartSeries => ({
      id, name, look: lookAt(place), total: write.number(read(series.total)), values: along(series, (points) => count(points.reduce((sum, point) => sum + read(point), 0))),
    });
    return [line("input", write.input, 0, (sums) => sums.input_tokens), line("output", write.output, 1, (sums) => sums.output_tokens)];
  }
  const tokens = (points: UsagePoint[]) => points.reduce((sum, point) => sum + point.input_tokens + point.output_tokens, 0);
  return grouped(series, write, (points) => count(tokens(points)));
}

/** What was spent, in all or by the dearest groups. */
export function costSeries(series: UsageSeries, write: Writers): ChartSeries[] {
  const money = (points: UsagePoint[]): ChartValue => {
    const cost = sumAmounts(points.map((point) => point.cost));
    return { number: Number(cost), text: write.money(cost) };
  };
  if (series.group_by === "none") return [{ id: "cost", name: write.cost, look: lookAt(0), total: write.money(series.total.cost), values: along(series, money) }];
  return grouped(series, write, money);
}

/** The dearest groups each by itself, and all others together. */
function grouped(series: UsageSeries, write: Writers, read: (points: UsagePoint[]) => ChartValue): ChartSeries[] {
  const groups = groupBy(series.points, groupOf);
  const dearest = [...groups.keys()].sort((one, other) => compareAmounts(costOf(groups.get(other)), costOf(groups.get(one))) || one.localeCompare(other));
  const named = dearest.length <= CHART_SERIES_MAX ? dearest : dearest.slice(0, CHART_SERIES_MAX);
  const looks = looksOf(named);
  const lines = named.map((group) => ({
    id: group, name: write.nameOf(group), look: looks.get(group) ?? restLook, total: read(groups.get(group) ?? []).text, values: along(series, read, (point) => groupOf(point) === group),
  }));
  if (named.length === dearest.length) return lines;
  const isRest = (point: UsagePoint) => !named.includes(groupOf(point));
  return [...lines, { id: "…", name: write.rest, look: restLook, total: read(series.points.filter(isRest)).text, values: along(series, read, isRest) }];
}

/** A value for each step of the axis, also where nothing was used. */
function along(series: UsageSeries, read: (points: UsagePoint[]) => ChartValue, isMeant: (point: UsagePoint) => boolean = () => true): ChartValue[] {
  const byStep = groupBy(series.points.filter(isMeant), ({ at }) => at);
  return series.steps.map(({ at }) => read(byStep.get(at) ?? []));
}

function groupBy(points: readonly UsagePoint[], read: (point: UsagePoint) => string): Map<string, UsagePoint[]> {
  const groups = new Map<string, UsagePoint[]>();
  for (const point of points) {
    const group = groups.get(read(point));
    if (group === undefined) groups.set(read(point), [point]);
    else group.push(point);
  }
  return groups;
}

const groupOf = (point: UsagePoint): string => point.model ?? point.key_id ?? "";
const costOf = (points: UsagePoint[] | undefined): string => sumAmounts((points ?? []).map(({ cost }) => cost));
