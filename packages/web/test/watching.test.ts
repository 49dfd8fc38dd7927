// What a viewer does besides watching: passing on, places in links, and what is not to fly over the picture.
import { expect, test } from 'vitest';
import { passesFilter, usableFilter, withWord } from '../src/features/danmaku/danmaku-filter.ts';
import { startAt } from '../src/features/replay/start-at.ts';
import { embedCode, linkAt } from '../src/features/room/share.ts';

const ITEM = {
  id: '1',
  text: 'Ｓpoiler: he wins',
  color: '#ffffff',
  position: 'top',
  mediaAt: 0,
  person: 'user:a',
} as const;
const nobody = new Set<string>();

test.each([
  ['90', 90],
  ['95s', 95],
  ['2m', 120],
  ['1h2m3s', 3723],
  ['0', 0],
  ['', null],
  ['soon', null],
  ['-5', null],
  ['1e9', null],
  [undefined, null],
])('a link with t=%s begins at %s s', (t, seconds) => {
  expect(startAt(t)).toBe(seconds);
});

test('a link to a place keeps what else it says', () => {
  expect(linkAt('https://a.example/replay/x?token=k', 61.9)).toBe('https://a.example/replay/x?token=k&t=61');
  expect(linkAt('https://a.example/replay/x?t=5', 0)).toBe('https://a.example/replay/x');
});

test('code for other pages has no tag but its own, and there is none of what is private', () => {
  const shared = {
    kind: 'room',
    id: 'r',
    title: `"><img src=x>`,
    link: 'https://a.example/rooms/r',
    isPrivate: false,
  } as const;
  expect(embedCode(shared)).toContain('<iframe src="https://a.example/embed/r" ');
  expect(embedCode(shared)?.match(/<\w+/g)).toEqual(['<iframe']);
  expect(embedCode({ ...shared, kind: 'replay' }, 7)).toContain('src="https://a.example/embed/replay/r?t=7"');
  expect(embedCode({ ...shared, isPrivate: true })).toBeNull();
});

test('what is filtered does not fly, but for one own', () => {
  const filter = withWord(usableFilter({}), ' SPOILER ');
  expect(filter.words).toEqual(['spoiler']);
  expect(passesFilter(ITEM, usableFilter({}), nobody)).toBe(true);
  expect(passesFilter(ITEM, filter, nobody)).toBe(false);
  expect(passesFilter({ ...ITEM, isOwn: true }, filter, nobody)).toBe(true);
  expect(passesFilter(ITEM, usableFilter({ hidden: ['top'] }), nobody)).toBe(false);
  expect(passesFilter(ITEM, usableFilter({ hidden: ['bottom'] }), nobody)).toBe(true);
  expect(passesFilter(ITEM, usableFilter({}), new Set(['user:a']))).toBe(false);
});

test('a filter of another version, or that somebody wrote by hand, is made usable', () => {
  const kept = { hidden: ['top', 'sideways'], words: ['A', '', 3, ...Array.from({ length: 80 }, (_, n) => `w${n}`)] };
  const filter = usableFilter(kept as never);
  expect(filter.hidden).toEqual(['top']);
  expect(filter.words[0]).toBe('a');
  expect(filter.words).toHaveLength(50);
  expect(withWord(filter, 'one more')).toBe(filter);
});
