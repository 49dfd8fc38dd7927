import { expect, test } from 'vitest';
import { mergeWindow } from './feed.ts';

test.each([
  ['auto' as const, 1, 0],
  ['auto' as const, 199, 0],
  ['auto' as const, 200, 10],
  ['auto' as const, 600, 30],
  ['auto' as const, 5000, 50],
  [0, 5000, 0],
  [20, 1, 20],
])('with the setting %s, %i members are merged for %i ms', (setting, members, windowMs) => {
  expect(mergeWindow(setting, members)).toBe(windowMs);
});
