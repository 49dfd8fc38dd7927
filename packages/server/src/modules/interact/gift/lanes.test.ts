import { expect, test } from 'vitest';
import { GiftLanes } from './lanes.ts';

/** Work that begins and ends when the test says so. */
function startAll(lanes: GiftLanes, channels: readonly string[]) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const results = channels.map((name) =>
    lanes.run(name.slice(0, 1), async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      if (name.endsWith('!')) throw new Error(name);
      return name;
    }),
  );
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    const at = channels.indexOf(name);
    await results[at]?.catch(() => {});
    // Whoever is let in begins in a turn of its own.
    await new Promise(setImmediate);
  };
  return { begun, results, end };
}

test('few at once, fewer of a channel, and channels take turns, also after one that failed', async () => {
  const names = ['a1', 'a2!', 'a3', 'a4', 'b1', 'b2', 'b3', 'c1', 'c2'];
  const { begun, results, end } = startAll(new GiftLanes(), names);
  await new Promise(setImmediate);
  expect(begun).toEqual(['a1', 'a2!', 'b1', 'b2']);
  await end('a2!');
  expect(begun.slice(4)).toEqual(['a3']);
  await end('b1');
  expect(begun.slice(5)).toEqual(['b3']);
  await end('a1');
  expect(begun.slice(6)).toEqual(['c1']);
  await end('b2');
  expect(begun.slice(7)).toEqual(['a4']);
  for (const name of ['a3', 'b3', 'c1', 'a4', 'c2']) await end(name);
  const settled = await Promise.allSettled(results);
  expect(settled.map(({ status }) => status)).toEqual(names.map((name) => (name === 'a2!' ? 'rejected' : 'fulfilled')));
});

test('more than can wait are refused, and everybody else is served', async () => {
  const names = Array.from({ length: 2003 }, (_, n) => `a${n}`);
  const { begun, results, end } = startAll(new GiftLanes(), names);
  await expect(results.at(-1)).rejects.toMatchObject({ code: 'overloaded' });
  for (const name of names.slice(0, -1)) await end(name);
  expect(begun).toEqual(names.slice(0, -1));
});
