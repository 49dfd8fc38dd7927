import { expect, test } from 'vitest';
import { DanmakuFeed } from '../src/features/danmaku/danmaku-feed.ts';
import type { DanmakuItem } from '../src/features/danmaku/danmaku-item.ts';
import { DEFAULT_DANMAKU, fontSizeOf, timesOf, usableSettings } from '../src/features/danmaku/danmaku-settings.ts';
import { Lanes } from '../src/features/danmaku/lanes.ts';

const SIZE = { width: 1000, lanes: 3, travelMs: 8000, standMs: 4000, overlap: false };

test('what flies takes the first lane in which it touches nothing', () => {
  const lanes = new Lanes(SIZE);
  const laneOf = (width: number, nowMs: number): number | undefined => lanes.place('scroll', width, nowMs)?.lane;
  expect([laneOf(200, 0), laneOf(200, 0), laneOf(200, 0), laneOf(200, 0)]).toEqual([0, 1, 2, undefined]);
  // 200 wide at 1200 px in 8 s: its end is in sight after 1.33 s, and the gap a little later.
  expect([laneOf(200, 1300), laneOf(200, 1600)]).toEqual([undefined, 0]);
});

test('a longer and therefore faster one does not run into the one before', () => {
  const lanes = new Lanes({ ...SIZE, lanes: 1 });
  lanes.place('scroll', 100, 0);
  expect(lanes.place('scroll', 1000, 1500)).toBeNull();
  // The one before leaves at 8 s; the next one needs 4 s for the width of the picture.
  expect(lanes.place('scroll', 1000, 4300)).toMatchObject({ lane: 0, startMs: 4300 });
});

test('whatever comes, no two in a lane touch', () => {
  const lanes = new Lanes({ ...SIZE, lanes: 8 });
  const placed: { lane: number; startMs: number; durationMs: number; width: number }[] = [];
  let seed = 7;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 70) {
    const width = 40 + Math.round(random() * 900);
    const place = lanes.place('scroll', width, nowMs);
    if (place) placed.push({ ...place, width });
  }
  expect(placed.length).toBeGreaterThan(100);
  const leftOf = ({ startMs, durationMs, width }: (typeof placed)[number], nowMs: number): number =>
    SIZE.width - ((nowMs - startMs) / durationMs) * (SIZE.width + width);
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
    const flying = placed.filter(({ startMs, durationMs }) => startMs <= nowMs && nowMs < startMs + durationMs);
    for (let lane = 0; lane < 8; lane += 1) {
      const inLane = flying.filter((one) => one.lane === lane).sort((a, b) => a.startMs - b.startMs);
      for (const [index, one] of inLane.entries()) {
        const next = inLane[index + 1];
        if (next) expect(leftOf(next, nowMs)).toBeGreaterThanOrEqual(leftOf(one, nowMs) + one.width);
      }
    }
  }
});

test('what stands waits for a lane of its own, and lanes of the two do not matter to each other', () => {
  const lanes = new Lanes({ ...SIZE, lanes: 1 });
  expect(lanes.place('top', 100, 0)?.lane).toBe(0);
  expect(lanes.place('top', 100, 3999)).toBeNull();
  expect(lanes.place('bottom', 100, 3999)?.lane).toBe(0);
  expect(lanes.place('scroll', 100, 3999)?.lane).toBe(0);
  expect(lanes.place('top', 100, 4000)?.lane).toBe(0);
});

test('where all are to be shown the lane that waited longest is taken', () => {
  const lanes = new Lanes({ ...SIZE, lanes: 2, overlap: true });
  const laneOf = (nowMs: number): number | undefined => lanes.place('scroll', 900, nowMs)?.lane;
  expect([laneOf(0), laneOf(10), laneOf(20), laneOf(30)]).toEqual([0, 1, 0, 1]);
  lanes.resize({ ...SIZE, lanes: 0, overlap: true });
  expect(laneOf(40)).toBeUndefined();
});

test.each<[kept: object, usable: object]>([
  [{}, DEFAULT_DANMAKU],
  [
    { on: false, opacity: 0.5, area: 'full', dense: true },
    { on: false, opacity: 0.5, area: 'full', dense: true },
  ],
  [{ opacity: 7, speed: 'fast', size: Number.NaN, area: 'toString' }, DEFAULT_DANMAKU],
])('settings %j are usable as %j', (kept, usable) => {
  expect(usableSettings(kept)).toEqual({ ...DEFAULT_DANMAKU, ...usable });
});

test('text is readable on every picture, and speed is a speed', () => {
  expect([fontSizeOf(200, { size: 1 }), fontSizeOf(440, { size: 1 }), fontSizeOf(4000, { size: 1.5 })]).toEqual([
    14, 20, 42,
  ]);
  expect(timesOf({ speed: 2 })).toEqual({ travelMs: 4000, standMs: 2250 });
});

test('each message flies once, until the place in the replay is another', () => {
  const feed = new DanmakuFeed();
  const seen: string[] = [];
  const stop = feed.listen({ add: ({ id }) => seen.push(id), remove: () => {}, clear: () => seen.push('clear') });
  const item = (id: string): DanmakuItem => ({
    id,
    text: id,
    color: '#ffffff',
    position: 'scroll',
    mediaAt: 0,
    person: 'p',
  });
  feed.add(item('a'));
  feed.add(item('a'));
  feed.clear();
  feed.add(item('a'));
  stop();
  feed.add(item('b'));
  expect(seen).toEqual(['a', 'clear', 'a']);
});
