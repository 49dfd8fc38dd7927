import { expect, test } from 'vitest';
import { MemoryStateCenter } from '../../state/memory.ts';
import { ChannelFeed, mergeWindow, type FeedMember } from './feed.ts';

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

test('the age of an event is told once, when members have it, however many they are', async () => {
  const state = new MemoryStateCenter();
  const ages: number[] = [];
  const taken: string[] = [];
  const feed = new ChannelFeed({
    ...{ name: 'one', shownName: 'one', state, mergeWindowMs: 0, now: () => 10_000 },
    source: {
      ...{ pattern: /^one$/, logged: true, authorize: async () => {} },
      snapshot: async () => ({}),
      render: (data) => data,
    },
    delivered: (ageMs) => void ages.push(ageMs),
  });
  const member: FeedMember = {
    asker: () => ({ caller: { site: { host: 'a', secure: false }, address: '::1', isLocal: true } }) as never,
    inflates: false,
    take: ({ messages }) => void taken.push(...messages.map(({ type }) => type)),
    end: () => {},
  };
  await state.append('one', { id: '0', event: 'unheard', data: {}, atMs: 1 });
  const places = [feed.join(member), feed.join(member), feed.join(member)];
  for (const place of places) await place.begin(undefined);
  await state.append('one', { id: '1', event: 'said', data: {}, atMs: 9750 });
  expect(taken).toEqual(['snapshot', 'snapshot', 'snapshot', 'event', 'event', 'event']);
  expect(ages).toEqual([250]);
  for (const place of places) place.leave();
  await feed.close();
  await state.close();
});
