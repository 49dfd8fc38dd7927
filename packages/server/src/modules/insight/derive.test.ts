import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deriveMinutes, MINUTE_MS, SPEAKS_FOR_MS, STEP_MS, type PointRow } from './derive.ts';

const T0 = 1_800_000_000_000;
const SPAN = { startMs: T0, endMs: Infinity };

function point(offsetMs: number, viewers: number, more: Partial<PointRow> = {}): PointRow {
  return {
    ...{ room_id: 'room', at: T0 + offsetMs, viewers, bitrate_bps: null, fps_milli: null },
    ...{ keyframe_interval_ms: null, rtt_ms: null, messages: 0, coins: 0 },
    ...more,
  };
}

const every10s = (viewers: readonly number[]): PointRow[] => viewers.map((count, n) => point(n * STEP_MS, count));
const watchOf = (points: readonly PointRow[], span = SPAN): number =>
  deriveMinutes(points, span, 0).reduce((total, { watch_ms }) => total + watch_ms, 0);

test('a minute is the mean of its points, the most of its viewers, and what was watched', () => {
  const points = [
    point(0, 10, { bitrate_bps: 1000, fps_milli: 30_000, messages: 3, coins: 5 }),
    point(10_000, 20, { bitrate_bps: 2000, messages: 1, rtt_ms: 40 }),
    point(20_000, 30, { coins: 6 }),
    point(30_000, 40),
    point(40_000, 50),
    point(50_000, 60),
    point(60_000, 6),
  ];
  expect(deriveMinutes(points, SPAN, 0)).toEqual([
    {
      ...{ room_id: 'room', at: T0, viewers: 35, peak_viewers: 60, watch_ms: 2_100_000 },
      ...{ bitrate_bps: 1500, fps_milli: 30_000, keyframe_interval_ms: null, rtt_ms: 40, messages: 4, coins: 11 },
    },
    expect.objectContaining({ at: T0 + MINUTE_MS, viewers: 6, watch_ms: 60_000, messages: 0 }),
  ]);
});

test.each([
  ['a point that is missing is spoken for by the one before', [point(0, 10), point(20_000, 10)], SPAN, 300_000],
  ['a longer gap is not', [point(0, 10), point(600_000, 10)], SPAN, 10 * SPEAKS_FOR_MS + 100_000],
  ['what is before the start does not count', every10s([10]), { startMs: T0 + 4000, endMs: Infinity }, 60_000],
  ['nor what is after the end', every10s([10, 10]), { startMs: T0, endMs: T0 + 13_000 }, 130_000],
  ['a broadcast of no length has none', every10s([10]), { startMs: T0 + 4000, endMs: T0 + 4000 }, 0],
  ['no points are no minutes', [], SPAN, 0],
])('%s', (_name, points, span, watchMs) => expect(watchOf(points, span)).toBe(watchMs));

test('what was watched is the same whole, minute by minute, and however it is cut in time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 5000 }), { minLength: 1, maxLength: 60 }),
      fc.nat({ max: 30 }),
      (viewers, from) => {
        const points = every10s(viewers);
        expect(watchOf(points)).toBe(viewers.reduce((total, count) => total + count * STEP_MS, 0));
        // Made again later, with what was then known since a while before, a minute is what it was.
        const fromMs = T0 + Math.floor((from * STEP_MS) / MINUTE_MS) * MINUTE_MS;
        const later = points.filter(({ at }) => at >= fromMs - SPEAKS_FOR_MS);
        expect(deriveMinutes(later, SPAN, fromMs)).toEqual(deriveMinutes(points, SPAN, fromMs));
      },
    ),
  );
});
