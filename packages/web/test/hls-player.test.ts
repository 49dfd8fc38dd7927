import { expect, test } from 'vitest';
import { nowPosition, oldestPosition } from '../src/features/player/hls-clock.ts';
import { levelIndex, qualityLevels } from '../src/features/player/hls-levels.ts';
import { Place } from '../src/features/player/place.ts';
import { pickQuality, qualityOptions, urlsOf } from '../src/features/player/quality.ts';
import { clockText } from '../src/features/player/useTimeline.ts';

const NOW_MS = 1_700_000_000_000;
const clock = { oldestS: 40, edgeS: 100, ageS: 0.3, targetDurationS: 2 };

test.each([
  { name: 'without dates, by the age of the playlist', edgeAtMs: undefined, ageS: 0.3, now: 100.3 },
  { name: 'with what packaging took, by its date', edgeAtMs: NOW_MS - 800, ageS: 0.3, now: 100.8 },
  { name: 'not by the date of a clock that goes differently', edgeAtMs: NOW_MS - 60_000, ageS: 0.3, now: 100.3 },
  { name: 'nor of one that is ahead', edgeAtMs: NOW_MS + 60_000, ageS: 0.3, now: 100.3 },
  { name: 'a publisher that is away makes nothing older', edgeAtMs: NOW_MS - 20_200, ageS: 20, now: 103.2 },
])('where now is: $name', ({ edgeAtMs, ageS, now }) => {
  const dated = edgeAtMs === undefined ? {} : { edgeAtMs };
  expect(nowPosition({ ...clock, ageS, ...dated }, NOW_MS)).toBeCloseTo(now, 5);
});

test('the oldest segment is left to those who have it', () => {
  expect(oldestPosition(clock)).toBe(42);
  expect(oldestPosition({ ...clock, oldestS: 99.5 })).toBe(100);
});

test('a place grows while the picture stands still', () => {
  const place = new Place();
  place.note(2, 1_000);
  expect([place.behindS(1_000), place.behindS(9_000), place.behindS(0)]).toEqual([2, 10, 2]);
});

const level = (width: number, height: number, bitrate: number, name = '') => ({ width, height, bitrate, name });

test('the levels of a playlist are called as people call them, the last is the source', () => {
  const levels = [
    level(0, 0, 64_000, 'sound'),
    level(854, 480, 1e6),
    level(720, 1280, 2e6, '720p'),
    level(1080, 1920, 5e6),
  ];
  expect(qualityLevels(levels).map(({ id, height }) => `${id} ${height}`)).toEqual([
    'sound 0',
    '480p 480',
    '720p 720',
    'source 1080',
  ]);
  expect(['480p', 'source', 'auto', '4320p'].map((id) => levelIndex(levels, id))).toEqual([1, 3, -1, -1]);
  expect(qualityLevels([level(1280, 720, 1)])).toEqual([]);
});

const playUrls = {
  flv: 'http://h/a.flv',
  wsFlv: 'ws://h/a.flv',
  hls: 'http://h/a.m3u8',
  whep: 'http://h/whep?stream=a',
};
const renditions = [
  { name: '480p', height: 480, bitrateBps: 1e6, flv: 'http://h/a_480p.flv' },
  { name: '720p', height: 720, bitrateBps: 2e6, flv: 'http://h/a_720p.flv', hls: 'http://h/a_720p.m3u8' },
  { name: 'sound', bitrateBps: 64_000, flv: 'http://h/a_sound.flv' },
];
const room = { playUrls, renditions };

test('a viewer chooses among what the room has, or else what the way brings', () => {
  const ids = (of: { playUrls: object; renditions?: typeof renditions }, heights: number[] = []) => {
    const levels = heights.map((height) => ({
      id: height === 1080 ? 'source' : `${height}p`,
      height,
      bitrateBps: height,
    }));
    return qualityOptions(of, levels).map(({ id }) => id);
  };
  expect(ids(room)).toEqual(['source', '720p', '480p', 'sound']);
  expect(ids({ playUrls })).toEqual([]);
  expect(ids({ playUrls }, [480, 720, 1080])).toEqual(['source', '720p', '480p']);
  expect(qualityOptions(room, [{ id: 'source', height: 1080, bitrateBps: 5e6 }])[0]?.height).toBe(1080);
});

test.each([
  ['auto', 'auto'],
  ['source', 'source'],
  ['720p', '720p'],
  ['600p', '480p'],
  ['1080p60', '720p'],
  ['360p', 'sound'],
  ['x', 'auto'],
])('%s, chosen in another room, is %s here', (wanted, here) => {
  expect(pickQuality(qualityOptions(room, []), wanted)).toBe(here);
});

test('a rendition is played by its own addresses, and by the playlist of all', () => {
  expect(urlsOf(room, 'auto')).toBe(playUrls);
  expect(urlsOf(room, 'source')).toBe(playUrls);
  expect(urlsOf(room, '720p')).toEqual({ flv: 'http://h/a_720p.flv', hls: playUrls.hls });
});

test.each([
  [4.6, '0:05'],
  [59.7, '1:00'],
  [3_725, '62:05'],
])('%d s behind is %s', (seconds, text) => {
  expect(clockText(seconds)).toBe(text);
});
