import { afterEach, expect, test, vi } from 'vitest';
import { stateCenterSuite } from './contract.suite.ts';
import { MemoryStateCenter } from './memory.ts';

stateCenterSuite('memory', async (options) => new MemoryStateCenter(options));

test('unused channels are forgotten, and begin a new epoch', async () => {
  const state = new MemoryStateCenter({ maxChannels: 3 });
  await state.subscribe('kept', { deliver: () => {}, reset: () => {} });
  const forgotten = await state.append('a', { id: 'a1', event: 'tick', data: {} });
  for (const channel of ['b', 'c', 'd']) await state.append(channel, { id: channel, event: 'tick', data: {} });
  expect((await state.read('a', forgotten)).recovered).toBe(false);
  expect((await state.position('a')).epoch).not.toBe(forgotten.epoch);
  expect((await state.position('kept')).offset).toBe(0);
});

afterEach(() => {
  vi.useRealTimers();
});

test('the log of a channel that nobody uses any more is forgotten, one that is listened to or asked for is not', async () => {
  vi.useFakeTimers();
  const state = new MemoryStateCenter();
  const listener = { deliver: () => {}, reset: () => {} };
  await state.subscribe('heard', listener);
  const leave = await state.subscribe('left', listener);
  const begun = new Map<string, Awaited<ReturnType<typeof state.append>>>();
  for (const name of ['heard', 'left', 'asked', 'over'])
    begun.set(name, await state.append(name, { id: name, event: 'tick', data: {} }));
  const isKept = async (name: string): Promise<boolean> =>
    (await state.read(name, begun.get(name) ?? { epoch: '', offset: 0 })).recovered;
  await vi.advanceTimersByTimeAsync(200_000);
  expect(await isKept('asked')).toBe(true);
  await leave();
  await vi.advanceTimersByTimeAsync(200_000);
  for (const name of ['heard', 'asked', 'left']) expect(await isKept(name), name).toBe(true);
  expect(await isKept('over')).toBe(false);
  await state.close();
});
