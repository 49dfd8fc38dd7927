import { expect, test } from 'vitest';
import { withRankChange } from '../src/index.ts';
import type { RankEntry } from '../src/index.ts';

const entry = (userId: string, place: number, score = 100 - place): RankEntry => ({
  ...{ userId, username: userId, name: userId, score, place },
});

test('a board follows what is said of it: risen, fallen, new, gone', () => {
  const before = [entry('a', 1), entry('b', 2), entry('c', 3)];
  const change = { board: 'revenue', period: 'day', changes: [entry('d', 1), entry('a', 2)], removed: ['b'] };
  expect(withRankChange(before, change).map(({ userId, place }) => [userId, place])).toEqual([
    ['d', 1],
    ['a', 2],
    ['c', 3],
  ]);
  expect(withRankChange(before, change, 2)).toHaveLength(2);
});

test('a new hour begins with all of its board', () => {
  const entries = [entry('z', 1)];
  expect(withRankChange([entry('a', 1)], { board: 'revenue', period: 'hour', entries })).toBe(entries);
});
