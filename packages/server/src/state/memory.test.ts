import { expect, test } from 'vitest';
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
