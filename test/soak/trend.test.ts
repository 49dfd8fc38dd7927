import { expect, test } from 'vitest';
import { growth, median } from './trend.ts';

const series = (valueAt: (index: number) => number): { atMs: number; value: number }[] =>
  Array.from({ length: 60 }, (_, index) => ({ atMs: index * 2000, value: valueAt(index) }));

test('what grows is seen through noise, and noise is not taken for growth', () => {
  const noise = (index: number): number => ((index * 7919) % 13) - 6;
  expect(Math.abs(growth(series((index) => 100 + noise(index))))).toBeLessThan(2);
  expect(growth(series((index) => 100 + index + noise(index)))).toBeGreaterThan(50);
  // Of two hundred that are far off.
  expect(Math.abs(growth(series((index) => (index % 20 === 0 ? 400 : 100))))).toBeLessThan(2);
  expect(growth([])).toBe(0);
  expect(median([3, 1, 2, 10])).toBe(2.5);
});
