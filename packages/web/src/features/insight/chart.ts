import type uPlot from 'uplot';

/** One line or row of bars of a chart, in step with its times. A value that was not known is null, and leaves a gap. */
export interface ChartSeries {
  label: string;
  values: readonly (number | null)[];
  /** As people read a value, with its unit. */
  format(value: number): string;
  /** By what its scale may be divided, ascending; left out, by round numbers. */
  steps?: readonly number[];
}

/** What a chart is drawn with, as the page's theme has it at the moment. */
export interface ChartLook {
  line: string;
  fill: string;
  text: string;
  grid: string;
  font: string;
}

export interface ChartPlan {
  look: ChartLook;
  kind: 'line' | 'bars';
  width: number;
  height: number;
  format(value: number): string;
  /** By what the scale may be divided, ascending; left out, by round numbers. */
  steps?: readonly number[] | undefined;
  /** Of the time axis, ms since the epoch. */
  formatTime(ms: number): string;
  /** The top of the scale at least, so that small changes stay small. */
  atLeast: number;
  /** The index of the time under the pointer, or null when there is none. */
  onPoint(index: number | null): void;
}

/** Room above the highest value. */
const HEADROOM = 1.12;
const BAR_SHARE = 0.62;
const MAX_BAR_PX = 36;
const LONE_POINT_MS = 60_000;
const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
/** What people divide time by, from a minute on, ms. */
export const TIME_STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 5, 7, 14, 30, 90, 365].map((days) => days * DAY_MS),
];

/** Reads the theme's colours from where the chart stands, because a canvas knows no CSS variables. */
export function lookAt(element: Element): ChartLook {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return {
    line: of('--accent'),
    fill: of('--accent-wash'),
    text: of('--ink-faint'),
    grid: of('--line'),
    font: `11px ${style.fontFamily}`,
  };
}

/** The whole of a chart for uPlot: one series over time, its zero at the bottom, and no more ink than needed. */
export function chartOptions(library: typeof uPlot, plan: ChartPlan): uPlot.Options {
  const { look, kind } = plan;
  const axis = { stroke: look.text, font: look.font, grid: { stroke: look.grid, width: 1 }, ticks: { show: false } };
  return {
    width: plan.width,
    height: plan.height,
    ms: 1,
    legend: { show: false },
    padding: [8, 20, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, fill: look.line, width: 0 } },
    scales: {
      x: { time: true, range: (chart, min, max) => timeRange(chart, { min, max, kind }) },
      y: { range: (_chart, _min, max) => [0, Math.max(plan.atLeast, (max || 0) * HEADROOM)] },
    },
    axes: [
      {
        ...axis,
        ...{ grid: { show: false }, space: 64, size: 26, incrs: [...TIME_STEPS] },
        values: (_chart, splits) => splits.map(plan.formatTime),
      },
      {
        ...axis,
        size: (_chart, values) => axisWidth(values),
        space: 34,
        ...(plan.steps === undefined ? {} : { incrs: [...plan.steps] }),
        values: (_chart, splits) => splits.map(plan.format),
      },
    ],
    series: [
      {},
      {
        stroke: look.line,
        fill: kind === 'bars' ? look.line : look.fill,
        width: kind === 'bars' ? 0 : 1.75,
        points: { show: kind === 'bars' ? false : undefined, size: 4, fill: look.line, width: 0 },
        ...(kind === 'bars' && library.paths.bars
          ? { paths: library.paths.bars({ size: [BAR_SHARE, MAX_BAR_PX], radius: 0.18 }) }
          : {}),
      },
    ],
    hooks: { setCursor: [(chart) => plan.onPoint(chart.cursor.idx ?? null)] },
  };
}

/** Bars stand on both sides of their time, the first and the last, too. */
function timeRange(
  chart: uPlot,
  { min, max, kind }: { min: number; max: number; kind: ChartPlan['kind'] },
): [number, number] {
  const steps = (chart.data[0]?.length ?? 1) - 1;
  // One point alone stands in the middle.
  if (min === max) return [min - LONE_POINT_MS, max + LONE_POINT_MS];
  if (kind === 'line' || steps < 1) return [min, max];
  const half = (max - min) / steps / 2;
  return [min - half, max + half];
}

/** As wide as its longest number, so that no chart wastes a phone's width. */
function axisWidth(values: readonly string[] | null): number {
  const longest = Math.max(2, ...(values ?? []).map((value) => value.length));
  return Math.round(longest * 6.6) + 14;
}

/** Lowest, highest and last of the values that are known. */
export function rangeOf(values: readonly (number | null)[]): { min: number; max: number; last: number } | null {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return null;
  return { min: Math.min(...known), max: Math.max(...known), last };
}
