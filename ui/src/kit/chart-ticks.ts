const STEPS = [1, 2, 2.5, 5, 10];
const COUNT = 4;

/** Numbers for the side of a chart from zero to its highest value or more, in steps that people count in. */
export function chooseTicks(highest: number): number[] {
  if (!(highest > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(highest / COUNT));
  const step = (STEPS.find((one) => one * power * COUNT >= highest * (1 - 1e-9)) ?? 10) * power;
  const count = Math.max(1, Math.ceil(highest / step - 1e-9));
  // A float's last digits are nobody's business.
  return Array.from({ length: count + 1 }, (_, place) => Number((place * step).toPrecision(12)));
}
