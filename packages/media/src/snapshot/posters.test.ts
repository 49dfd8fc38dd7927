import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { childrenRunning } from '../../../../test/support/children.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { until } from '../../../../test/support/until.ts';
import { newEntry } from '../cluster/directory-entry.ts';
import { Stream, type StreamFeed } from '../hub/stream.ts';
import { h264Config, h264Frame } from '../testing/h264.ts';
import { testLog, testOptions } from '../testing/media-options.ts';
import { PosterBook } from './poster-book.ts';
import type { Poster } from './poster-queue.ts';
import { Posters } from './posters.ts';

/** A program that takes whatever it is given and makes the smallest JPEG of it. */
const EMPTY_JPEG = String.raw`cat >/dev/null; printf '\377\330\377\331'`;

const ending: (() => void)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) end();
  await until(() => childrenRunning('ffmpeg').length === 0);
});

function bench(script: (folder: string) => string = () => EMPTY_JPEG, everyMs = 3_600_000) {
  const folder = tempDir();
  const ffmpeg = folder.file('ffmpeg');
  writeFileSync(ffmpeg, `#!/bin/sh\n${script(folder.path)}\n`);
  chmodSync(ffmpeg, 0o755);
  const posted: Poster[] = [];
  const posters = new Posters({
    options: { enabled: true, everyMs },
    findFfmpeg: () => ffmpeg,
    log: testLog(),
    post: (poster) => posted.push(poster),
  });
  ending.push(() => {
    void posters.close();
    folder[Symbol.dispose]();
  });
  const publish = (key: string): StreamFeed => {
    const stream = new Stream({ key, options: testOptions({ mergeWindowMs: 0 }) });
    posters.own(stream);
    const feed = stream.attach({ placed: false });
    feed.publish(h264Config(0));
    feed.publish(h264Frame('key', { dtsMs: 0 }));
    ending.push(() => stream.end('ended'));
    return feed;
  };
  return { posters, posted, publish, folder };
}

it('is made of the first key frame, and again when it is due', async () => {
  const { posted, publish } = bench();
  const feed = publish('live/a');
  await until(() => posted.length === 1);
  expect(posted[0]).toMatchObject({ key: 'live/a', jpeg: Buffer.of(0xff, 0xd8, 0xff, 0xd9) });
  feed.publish(h264Frame('key', { dtsMs: 40 }));
  expect(childrenRunning('ffmpeg')).toEqual([]);

  const often = bench(() => EMPTY_JPEG, 0);
  const busy = often.publish('live/b');
  await until(() => often.posted.length === 1);
  busy.publish(h264Frame('key', { dtsMs: 40 }));
  await until(() => often.posted.length === 2);
});

it('is made of the next publisher, too, whose configuration is the same', async () => {
  const { posted, publish } = bench();
  const feed = publish('live/a');
  await until(() => posted.length === 1);
  feed.interrupt();
  publish('live/a');
  await until(() => posted.length === 2);
  expect(posted.map(({ key }) => key)).toEqual(['live/a', 'live/a']);
});

it('two at a time, in turn, and of the newest key frame', async () => {
  const waitForGo = (folder: string): string => `cat >/dev/null
    while [ ! -e ${folder}/go ]; do sleep 0.02; done
    printf '\\377\\330\\377\\331'`;
  const { posters, posted, publish, folder } = bench(waitForGo, 0);
  const [, , third] = ['live/a', 'live/b', 'live/c', 'live/d', 'live/e'].map(publish);
  const newestAtMs = Date.now() + 1;
  await until(() => Date.now() >= newestAtMs);
  third?.publish(h264Frame('key', { dtsMs: 40 }));
  posters.ended('live/d');
  expect(childrenRunning('ffmpeg')).toHaveLength(2);
  writeFileSync(folder.file('go'), '');
  await until(() => posted.length === 4);
  expect(posted.map(({ key }) => key).toSorted()).toEqual(['live/a', 'live/b', 'live/c', 'live/e']);
  expect(posted.find(({ key }) => key === 'live/c')?.atMs).toBeGreaterThanOrEqual(newestAtMs);
});

it('is tried again with the next publisher where none could be made', async () => {
  const { posted, publish, folder } = bench((path) => `echo >>${path}/tries; exit 1`);
  const tries = (): number => (existsSync(folder.file('tries')) ? readFileSync(folder.file('tries')).length : 0);
  const feed = publish('live/a');
  await until(() => tries() === 1);
  feed.publish(h264Frame('key', { dtsMs: 40 }));
  feed.interrupt();
  publish('live/a');
  await until(() => tries() === 2);
  expect(posted).toEqual([]);
});

it('ends with its worker, though it is being made', async () => {
  const { posters, posted, publish } = bench(() => 'exec sleep 60');
  publish('live/a');
  await posters.close();
  await posters.close();
  await until(() => childrenRunning('sleep').length === 0);
  expect(posted).toEqual([]);
});

it('is never made without ffmpeg, or where it is turned off', () => {
  for (const [enabled, ffmpeg] of [
    [true, undefined],
    [false, '/usr/bin/ffmpeg'],
  ] as const) {
    const posters = new Posters({
      options: { enabled, everyMs: 0 },
      findFfmpeg: () => ffmpeg,
      log: testLog(),
      post: () => expect.unreachable(),
    });
    const stream = new Stream({ key: 'live/a', options: testOptions() });
    posters.own(stream);
    expect(stream.isUnused).toBe(true);
  }
});

it('is kept for as long as its broadcast, told of once, and the oldest goes when there are too many', () => {
  const entries = new Map(
    ['a', 'b', 'c'].map((stream) => [`live/${stream}`, newEntry(`live/${stream}`, { app: 'live', stream })]),
  );
  for (const entry of entries.values()) Object.assign(entry, { state: 'publishing', startedAtMs: 100 });
  const book = new PosterBook({ entry: (key) => entries.get(key), maxBytes: 10 });
  const take = (key: string, atMs: number): string[] =>
    book.take({ key, atMs, jpeg: new Uint8Array(4) }).map(({ type, stream }) => `${type} ${stream}`);
  expect(take('live/nobody', 200)).toEqual([]);
  expect(take('live/a', 99)).toEqual([]); // of the broadcast before
  expect(book.get('live/a')).toBeUndefined();
  expect([take('live/a', 200), take('live/a', 300), take('live/b', 300)]).toEqual([['poster a'], [], ['poster b']]);
  expect(book.get('live/a')).toEqual({ jpeg: Buffer.alloc(4), atMs: 300 });
  expect(take('live/c', 400)).toEqual(['poster c']);
  expect(['a', 'b', 'c'].map((stream) => book.get(`live/${stream}`)?.atMs)).toEqual([undefined, 300, 400]);
  book.heard({ type: 'ended', app: 'live', stream: 'b', reason: 'ended', atMs: 500 });
  expect(book.get('live/b')).toBeUndefined();
});
