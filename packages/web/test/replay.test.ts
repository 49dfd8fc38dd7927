import { expect, test } from 'vitest';
import { ref } from 'vue';
import { densityPath } from '../src/features/replay/density-path.ts';
import { gapsOf, useReplayClock } from '../src/features/replay/replay-clock.ts';
import { nextSpeed } from '../src/features/replay/replay-keys.ts';
import { secondsAt } from '../src/features/replay/seek-position.ts';
import { WatchPositions } from '../src/features/replay/watch-positions.ts';
import { formatBytes } from '../src/format.ts';

/** Ten seconds, then a publisher that was away for a minute, then a new file that goes on without a gap. */
const TIME_BASE = [
  { mediaMs: 0, epochMs: 1_000_000 },
  { mediaMs: 10_000, epochMs: 1_070_000 },
  { mediaMs: 20_000, epochMs: 1_080_040 },
];

test.each([
  [0, 1_000_000],
  [9_999, 1_009_999],
  [10_000, 1_070_000],
  [15_000, 1_075_000],
  [25_000, 1_085_040],
])('at %d ms of the replay it was %d', (mediaMs, epochMs) => {
  const position = ref(0);
  const clock = useReplayClock(position, () => TIME_BASE);
  expect(clock.epochMs.value).toBe(1_000_000);
  position.value = mediaMs;
  expect([clock.epochMs.value, clock.epochAt(mediaMs)]).toEqual([epochMs, epochMs]);
});

test('a clock without a time base says so, and follows one that comes later', () => {
  const timeBase = ref<typeof TIME_BASE>([]);
  const clock = useReplayClock(ref(5_000), () => timeBase.value);
  expect(clock.epochMs.value).toBeNull();
  timeBase.value = TIME_BASE;
  expect(clock.epochMs.value).toBe(1_005_000);
});

test('only where the wall clock jumps was the broadcast interrupted', () => {
  expect(gapsOf(TIME_BASE)).toEqual([10_000]);
  expect([gapsOf([]), gapsOf(TIME_BASE.slice(0, 1))]).toEqual([[], []]);
});

test.each([
  [100, 0],
  [50, 0],
  [200, 60],
  [150, 30],
  [999, 60],
])('a pointer at %d is at %d s', (clientX, seconds) => {
  expect(secondsAt(clientX, { left: 100, width: 100 }, 60)).toBe(seconds);
  expect(secondsAt(clientX, { left: 100, width: 0 }, 60)).toBe(0);
});

test('speeds have ends', () => {
  expect([nextSpeed(1, 1), nextSpeed(1, -1), nextSpeed(2, 1), nextSpeed(0.5, -1)]).toEqual([1.25, 0.75, 2, 0.5]);
});

function memory(): Pick<Storage, 'getItem' | 'setItem'> & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

test('a viewer goes on where they stopped, but not at the very beginning or end', () => {
  const positions = new WatchPositions(memory());
  positions.keep('a', { atS: 65.7, durationS: 600 });
  positions.keep('b', { atS: 3, durationS: 600 });
  expect([positions.of('a'), positions.of('b'), positions.of('c')]).toEqual([65, 0, 0]);
  positions.keep('a', { atS: 599, durationS: 600 });
  expect(positions.of('a')).toBe(0);
});

test('of many replays the last hundred are remembered, whatever stood there before', () => {
  const storage = memory();
  let now = 0;
  const positions = new WatchPositions(storage, () => (now += 1));
  storage.setItem('kaibo.replayPositions', '{"x":{"atS":"<"},"y":7,"z":null}');
  for (let index = 0; index < 130; index += 1) positions.keep(`r${index}`, { atS: 100, durationS: 1000 });
  expect([positions.of('r29'), positions.of('r30'), positions.of('r129'), positions.of('x')]).toEqual([0, 100, 100, 0]);
  expect(Object.keys(JSON.parse(storage.kept.get('kaibo.replayPositions') ?? '') as object)).toHaveLength(100);
  for (const broken of ['[1', 'null', '3']) {
    storage.setItem('kaibo.replayPositions', broken);
    expect(positions.of('r129')).toBe(0);
  }
});

test('a browser that keeps nothing plays from the start', () => {
  const refuse = (): never => {
    throw new DOMException('denied', 'SecurityError');
  };
  const positions = new WatchPositions({ getItem: refuse, setItem: refuse });
  positions.keep('a', { atS: 100, durationS: 1000 });
  expect(positions.of('a')).toBe(0);
});

test('sizes are short', () => {
  expect([1, 999_999, 12_340_000, 1_260_000_000].map((bytes) => formatBytes(bytes, 'en'))).toEqual([
    '0 kB',
    '1,000 kB',
    '12.3 MB',
    '1.3 GB',
  ]);
  expect(formatBytes(1_260_000_000, 'zh-CN')).toBe('1.3 GB');
});

test('the curve over the bar is as high as much was said there, and ends where the bar does', () => {
  const path = densityPath({ buckets: [0, 0, 8, 0, 0], stepMs: 1000, durationMs: 4500 });
  // The busiest bucket is at the top, in its middle; its neighbours half as high.
  expect(path).toBe(
    'M-20 120L-20.0 100.0L0.0 100.0Q111.1 100.0 222.2 75.0Q333.3 50.0 444.4 25.0Q555.6 0.0 666.7 25.0Q777.8 50.0 888.9 75.0Q1000.0 100.0 1000.0 100.0L1020.0 100.0L1020 120Z',
  );
  expect(densityPath({ buckets: [0, 0, 0], stepMs: 1000, durationMs: 3000 })).toBe('');
  expect(densityPath({ buckets: [], stepMs: 0, durationMs: 3000 })).toBe('');
});
