import { expect, test } from 'vitest';
import { Backoff } from '../src/index.ts';

test('grows by its factor up to the maximum, and starts over after a reset', () => {
  const backoff = new Backoff({ minMs: 500, maxMs: 4000, random: () => 1 });
  expect([1, 2, 3, 4, 5].map(() => backoff.nextMs())).toEqual([500, 1000, 2000, 4000, 4000]);
  expect(backoff.attempts).toBe(5);
  backoff.reset();
  expect(backoff.nextMs()).toBe(500);
});

test('jitter keeps every wait between one half and the whole', () => {
  const low = new Backoff({ minMs: 1000, maxMs: 8000, random: () => 0 });
  expect([1, 2, 3].map(() => low.nextMs())).toEqual([500, 1000, 2000]);
});
