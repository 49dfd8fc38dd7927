import { expect, test } from 'vitest';
import { codecName } from '../src/codec-name.ts';
import { Ladder } from '../src/features/player/ladder.ts';
import { delayOf, JUMP_DELAY_S, jumpTarget, TARGET_DELAY_S } from '../src/features/player/live-edge.ts';
import { FIRST_PICTURE_MS, STALL_MS, StallWatch } from '../src/features/player/stall-watch.ts';
import { rungsOf } from '../src/features/player/transports.ts';
import type { PlayMode } from '../src/features/player/transports.ts';
import { Ways } from '../src/features/player/ways.ts';

const NOBODY = { vid: null };
const urls = { wsFlv: 'ws://h:8080/live/a.flv', flv: 'http://h:8080/live/a.flv?token=t', rtmp: 'rtmp://h/live/a' };

test('the rungs are those the room has, best first, with the viewer id', () => {
  expect(rungsOf(urls, { vid: 'v=1' }).map((rung) => [rung.transport.id, rung.url])).toEqual([
    ['ws-flv', 'ws://h:8080/live/a.flv?vid=v%3D1'],
    ['http-flv', 'http://h:8080/live/a.flv?token=t&vid=v%3D1'],
  ]);
  expect(rungsOf({ flv: 'http://h/a.flv' }, NOBODY).map((rung) => rung.url)).toEqual(['http://h/a.flv']);
  expect(rungsOf({ rtmp: urls.rtmp }, NOBODY)).toEqual([]);
});

test('WHEP comes first where the room has it, unless the viewer wants none', () => {
  const all = { ...urls, whep: 'https://h/rtc/v1/whep/?app=live&stream=a' };
  const ids = (mode: PlayMode) =>
    rungsOf(all, { vid: null, mode }).map((rung) => `${rung.transport.id} ${rung.attempts}`);
  expect(ids('auto')).toEqual(['whep 1', 'ws-flv 2', 'http-flv 2']);
  expect(ids('lowest')).toEqual(['whep 3', 'ws-flv 2', 'http-flv 2']);
  expect(ids('compatible')).toEqual(['ws-flv 2', 'http-flv 2']);
  expect(rungsOf({ whep: all.whep }, { vid: null, mode: 'compatible' })).toHaveLength(1);
  expect(rungsOf(all, { vid: 'v' })[0]?.url).toBe(`${all.whep}&vid=v`);
});

test('a rung that fails twice gives way, and after the last comes the first', () => {
  const ladder = new Ladder(rungsOf(urls, NOBODY));
  const ids: (string | undefined)[] = [];
  for (let attempt = 0; attempt < 6; attempt += 1) {
    ids.push(ladder.current?.transport.id);
    ladder.failed();
  }
  expect(ids).toEqual(['ws-flv', 'ws-flv', 'http-flv', 'http-flv', 'ws-flv', 'ws-flv']);
});

test('a rung that played gets all its attempts again', () => {
  const ladder = new Ladder(rungsOf(urls, NOBODY));
  ladder.failed();
  ladder.succeeded();
  ladder.failed();
  ladder.failed();
  expect(ladder.current?.transport.id).toBe('ws-flv');
  ladder.failed();
  expect(ladder.current?.transport.id).toBe('http-flv');
  expect(new Ladder([]).current).toBeUndefined();
});

test('only the way down is free of waiting', () => {
  const ladder = new Ladder(rungsOf({ whep: 'http://h/whep', flv: 'http://h/a.flv' }, NOBODY));
  expect([ladder.failed(), ladder.failed(), ladder.failed()]).toEqual([true, false, false]);
  expect(ladder.current?.transport.id).toBe('whep');
});

test('what a decoder lacks is missing on all its rungs, for good', () => {
  const ladder = new Ladder(rungsOf({ ...urls, whep: 'http://h/whep' }, NOBODY));
  expect(ladder.undecodable()).toBe(true);
  expect(ladder.current?.transport.id).toBe('ws-flv');
  expect(ladder.undecodable()).toBe(false);
  expect(ladder.current).toBeUndefined();

  const other = new Ladder(rungsOf({ ...urls, whep: 'http://h/whep' }, NOBODY));
  other.failed();
  expect(other.undecodable()).toBe(true);
  expect(other.current?.transport.id).toBe('whep');
});

test('HLS is the last rung, and what its reader lacks is no fault of FLV', () => {
  const all = { ...urls, whep: 'http://h/whep', hls: 'http://h/a.m3u8' };
  expect(rungsOf(all, { vid: 'v', quality: '720p' }).at(-1)).toMatchObject({
    transport: { id: 'hls' },
    url: 'http://h/a.m3u8?vid=v',
    quality: '720p',
  });
  const ladder = new Ladder(rungsOf(all, NOBODY), 'hls');
  expect(ladder.current?.transport.id).toBe('hls');
  expect(ladder.undecodable()).toBe(true);
  expect(ladder.current?.transport.id).toBe('whep');
  const flv = new Ladder(rungsOf(all, NOBODY));
  flv.undecodable();
  flv.undecodable();
  expect(flv.current?.transport.id).toBe('hls');
  expect(new Ladder(rungsOf(urls, NOBODY), 'hls').current?.transport.id).toBe('ws-flv');
});

test('back in time and back to the live way that has played', () => {
  const all = { ...urls, whep: 'http://h/whep', hls: 'http://h/a.m3u8' };
  let ways = new Ways(rungsOf(all, NOBODY));
  const id = () => ways.current?.transport.id;
  ways.failed();
  expect([id(), ways.hasPast, ways.isBack]).toEqual(['ws-flv', true, false]);
  expect([ways.goBack(), id(), ways.isBack, ways.goBack()]).toEqual([true, 'hls', true, false]);
  ways = ways.with(rungsOf(all, { vid: null, quality: '480p' }));
  expect([id(), ways.isBack, ways.current?.quality]).toEqual(['hls', true, '480p']);
  expect([ways.goLive(), id(), ways.isBack]).toEqual([true, 'ws-flv', false]);
});

test('where the way to the past fails, it is live again', () => {
  const ways = new Ways(rungsOf({ ...urls, hls: 'http://h/a.m3u8' }, NOBODY));
  ways.goBack();
  expect([ways.failed(), ways.isBack]).toEqual([false, true]);
  expect([ways.failed(), ways.isBack, ways.current?.transport.id]).toEqual([true, false, 'ws-flv']);
  ways.goBack();
  expect([ways.undecodable(), ways.isBack, ways.current?.transport.id]).toEqual([true, false, 'ws-flv']);
  expect(new Ways(rungsOf(urls, NOBODY)).hasPast).toBe(false);
});

test('HLS as the live way is its own way to the past', () => {
  const ways = new Ways(rungsOf({ hls: 'http://h/a.m3u8' }, NOBODY));
  expect([ways.goBack(), ways.isBack, ways.goLive(), ways.isBack]).toEqual([false, true, false, false]);
});

test('delay is measured to the end of the last range', () => {
  const ranges = [
    [0, 4],
    [5, 9],
  ] as const;
  const buffered = { length: ranges.length, end: (index: number) => ranges[index]?.[1] ?? 0 };
  expect(delayOf(buffered, 8.5)).toBe(0.5);
  expect(delayOf(buffered, 10)).toBe(0);
  expect(delayOf({ length: 0, end: () => 0 }, 1)).toBe(0);
});

test.each([
  { name: 'near the edge', delay: 0.8, stuckMs: 0, target: null },
  { name: 'behind, but catching up by speed', delay: JUMP_DELAY_S, stuckMs: 0, target: null },
  { name: 'far behind', delay: 10, stuckMs: 0, target: 110 - TARGET_DELAY_S },
  { name: 'stuck before a hole', delay: 1, stuckMs: 1500, target: 100.5 },
  { name: 'stuck with nothing ahead', delay: 0.1, stuckMs: 1500, target: null },
])('jump: $name', ({ delay, stuckMs, target }) => {
  expect(jumpTarget({ time: 100, delay, stuckMs })).toBe(target);
});

test('a picture that stops is a stall after its time, and earlier than a first picture is given up', () => {
  const watch = new StallWatch(0);
  expect(watch.isStalled(watch.sample({ nowMs: STALL_MS + 1, progress: 0, shouldMove: true }))).toBe(false);
  expect(watch.isStalled(watch.sample({ nowMs: FIRST_PICTURE_MS, progress: 0, shouldMove: true }))).toBe(true);
  expect(watch.moved).toBe(false);
  expect(watch.sample({ nowMs: 9_000, progress: 0.4, shouldMove: true })).toBe(0);
  expect(watch.moved).toBe(true);
  expect(watch.isStalled(watch.sample({ nowMs: 9_000 + STALL_MS, progress: 0.4, shouldMove: true }))).toBe(true);
});

test('a transport may be less patient', () => {
  const watch = new StallWatch(0, { stallMs: 2_500, firstPictureMs: 3_000 });
  const at = (nowMs: number, progress: number) => watch.isStalled(watch.sample({ nowMs, progress, shouldMove: true }));
  expect([at(2_999, 0), at(3_000, 0), at(3_100, 1), at(5_599, 1), at(5_600, 1)]).toEqual([
    false,
    true,
    false,
    false,
    true,
  ]);
});

test('after reconnects that did not help it waits longer, but not for ever', () => {
  const watch = new StallWatch(0);
  watch.sample({ nowMs: 0, progress: 1, shouldMove: true });
  expect([0, 1, 2, 3, 9].map((stalls) => watch.isStalled(STALL_MS * 4, stalls))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(watch.isStalled(STALL_MS * 8, 9)).toBe(true);
});

test('while it may stand still no time is counted', () => {
  const watch = new StallWatch(0);
  watch.sample({ nowMs: 100, progress: 1, shouldMove: true });
  expect(watch.sample({ nowMs: 30_000, progress: 1, shouldMove: false })).toBe(0);
  expect(watch.sample({ nowMs: 31_000, progress: 1, shouldMove: true })).toBe(1000);
});

test.each([
  ['hvc1.1.6.L93.B0', 'H.265 (HEVC)'],
  ["type provided ('video/mp4;codecs=av01.0.08M.08') is unsupported", 'AV1'],
  ['avc1.64001f', 'H.264'],
  ['mp4a.40.2', 'AAC'],
  ['h264', 'H.264'],
  ['xyz', 'xyz'],
])('%s is %s', (text, name) => {
  expect(codecName(text)).toBe(name);
});
