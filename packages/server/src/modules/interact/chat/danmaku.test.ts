import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryStateCenter } from '../../../state/memory.ts';
import type { DanmakuItem } from './contract.ts';
import { DanmakuSky } from './danmaku.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const item = (n: number): DanmakuItem => ({
  ...{ id: `m${n}`, text: `line ${n}`, mediaAt: 0, person: 'user:a' },
  ...{ color: '#ffffff', position: 'scroll' },
});

async function setUp(perSecond = 40) {
  const state = new MemoryStateCenter();
  const events: DanmakuItem[][] = [];
  await state.subscribe('live:room', {
    deliver: ({ data }) => void events.push((data as { items: DanmakuItem[] }).items),
    reset: () => {},
  });
  const node = (): DanmakuSky => new DanmakuSky({ state, logger: pino({ level: 'silent' }), perSecond });
  return { sky: node(), other: node(), events };
}

test('what comes within a tick is one event, in order', async () => {
  const { sky, events } = await setUp();
  for (let n = 0; n < 5; n++) sky.add('room', item(n));
  expect(events).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  expect(events.map((items) => items.map(({ id }) => id))).toEqual([['m0', 'm1', 'm2', 'm3', 'm4']]);
  // Nothing is remembered of a room that is silent: the one timer left is the state center's.
  await vi.advanceTimersByTimeAsync(1000);
  expect(vi.getTimerCount()).toBe(1);
  sky.close();
  expect(vi.getTimerCount()).toBe(1);
});

test('two nodes share what may fly', async () => {
  const { sky, other, events } = await setUp(40);
  for (let tick = 0; tick < 50; tick++) {
    for (let n = 0; n < 20; n++) for (const node of [sky, other]) node.add('room', item(n));
    await vi.advanceTimersByTimeAsync(100);
  }
  const flown = events.flat().length;
  expect(flown).toBeGreaterThan(210);
  expect(flown).toBeLessThanOrEqual(221);
  for (const node of [sky, other]) node.close();
});

test('of a storm so many a second fly, each line with the same chance', async () => {
  const { sky, events } = await setUp(40);
  const flown = new Map<number, number>();
  const perTick = 100;
  for (let tick = 0; tick < 600; tick++) {
    for (let n = 0; n < perTick; n++) sky.add('room', item(n));
    await vi.advanceTimersByTimeAsync(100);
  }
  const items = events.flat();
  expect(items.length).toBeGreaterThan(2350);
  expect(items.length).toBeLessThanOrEqual(2420);
  expect(sky.leftOut).toBe(60_000 - items.length);
  for (const { id } of items) {
    const tenth = Math.floor(Number(id.slice(1)) / 10);
    flown.set(tenth, (flown.get(tenth) ?? 0) + 1);
  }
  // 240 expected of each tenth; chi-square with 9 degrees of freedom, p = 0.0001.
  const expected = items.length / 10;
  const chiSquare = [...flown.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(flown.size).toBe(10);
  expect(chiSquare).toBeLessThan(33.7);
  sky.close();
});
