/** The curve is drawn into a box of this size, and stretched to the bar. */
export const CURVE = { width: 1000, height: 100 } as const;

/** Only its upper edge is seen: the others lie outside of the box. */
const OUTSIDE = 20;

/**
 * An area whose height says how much was said, as the path of an SVG; empty when that was nothing. The busiest place is
 * as high as the box. `stepMs` is how long each bucket is, `durationMs` how long the bar.
 */
export function densityPath({
  buckets,
  stepMs,
  durationMs,
}: {
  buckets: readonly number[];
  stepMs: number;
  durationMs: number;
}): string {
  const smooth = smoothed(buckets);
  const highest = Math.max(0, ...smooth);
  if (highest === 0 || durationMs <= 0) return '';
  const { width, height } = CURVE;
  const points = smooth.map((value, n) => ({
    x: Math.min(width, ((n + 0.5) * stepMs * width) / durationMs),
    y: height - (value / highest) * height,
  }));
  // From the middle between two points to the next, with the point to draw it there: no corners, and nothing overshoots.
  const curve = points.map((point, n) => {
    const next = points[n + 1];
    const end =
      next === undefined ? { x: width, y: point.y } : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${at(point)} ${at(end)}`;
  });
  const [first = height, last = height] = [points[0]?.y, points.at(-1)?.y];
  const [left, right, bottom] = [-OUTSIDE, width + OUTSIDE, height + OUTSIDE];
  return `M${left} ${bottom}L${at({ x: left, y: first })}L${at({ x: 0, y: first })}${curve.join('')}L${at({ x: right, y: last })}L${right} ${bottom}Z`;
}

const at = ({ x, y }: { x: number; y: number }): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** A laugh of one moment falls into either of two buckets: what is beside it counts by half. */
function smoothed(buckets: readonly number[]): number[] {
  return buckets.map((value, n) => (value * 2 + (buckets[n - 1] ?? value) + (buckets[n + 1] ?? value)) / 4);
}
