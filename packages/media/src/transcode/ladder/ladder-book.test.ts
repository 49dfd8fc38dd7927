import { expect, it, vi } from 'vitest';
import { type DirectoryEntry, newEntry } from '../../cluster/directory-entry.ts';
import type { MediaClient, MediaEvent, MediaHooks } from '../../hooks/contract.ts';
import { streamKeyOf } from '../../hub/stream-name.ts';
import { DEFAULT_MEDIA_OPTIONS } from '../../options.ts';
import { testLog } from '../../testing/media-options.ts';
import { LadderBook } from './ladder-book.ts';
import type { TranscodeOptions } from './profile.ts';

const PROFILES = [
  { name: '720p', height: 720, videoBps: 2_000_000 },
  { name: '480p', height: 480, videoBps: 1_000_000 },
  { name: 'audio' },
];
const HD = { codec: 'h264', width: 1920, height: 1080 } as const;

const client = (stream: string, changes: Partial<MediaClient> = {}): MediaClient => ({
  clientId: 'viewer',
  protocol: 'http-flv',
  address: '127.0.0.1',
  vhost: '',
  app: 'live',
  stream,
  param: '?token=x',
  tcUrl: '',
  pageUrl: '',
  ...changes,
});

/** A book with a directory of its own: entries are what a test says. */
function bench(changes: Partial<TranscodeOptions> = {}, { lacksFfmpeg = false } = {}) {
  const entries = new Map<string, DirectoryEntry>();
  const orders: string[] = [];
  const ended: string[] = [];
  const told: MediaEvent[] = [];
  const asked: MediaClient[] = [];
  const demanded = new Set<string>();
  const entryOf = (stream: string): DirectoryEntry => {
    const key = streamKeyOf({ app: 'live', stream });
    const entry = entries.get(key) ?? newEntry(key, { app: 'live', stream });
    entries.set(key, entry);
    return entry;
  };
  const book = new LadderBook({
    options: { ...DEFAULT_MEDIA_OPTIONS.transcode, profiles: PROFILES, lingerMs: 1000, ...changes },
    lacksFfmpeg,
    log: testLog(),
    entry: (key) => entries.get(key),
    claim: (workerId, { stream }) => {
      Object.assign(entryOf(stream), { owner: workerId, state: 'publishing' });
      return { action: 'publish', key: streamKeyOf({ app: 'live', stream }), epoch: 1, bridged: false };
    },
    send: (workerId, notice) => {
      if (notice.type === 'rendition') orders.push(`${workerId} ${notice.order.key}`);
    },
    end: (key, reason) => {
      entries.delete(key);
      ended.push(`${key} ${reason}`);
    },
    isDemanded: (key) => demanded.has(key),
  });
  const outer: MediaHooks = {
    authorizePublish: () => Promise.resolve({ action: 'publish', credential: '' }),
    authorizePlay: (who) => {
      asked.push(who);
      return Promise.resolve({ action: 'play', viewer: 'user:1' });
    },
    notify: (event) => told.push(event),
  };
  const hooks = book.under(outer);
  const publish = (stream: string, owner = 0): void => {
    const report = { key: `live/${stream}`, owner: true, video: HD } as NonNullable<DirectoryEntry['report']>;
    Object.assign(entryOf(stream), { state: 'publishing', owner, report });
    hooks.notify({ type: 'published', app: 'live', stream, client: client(stream), resumed: false, atMs: 0 });
    book.reported([{ key: `live/${stream}`, owner: true, video: HD }]);
  };
  const watch = (stream: string): void => {
    entryOf(stream).viewers.set(0, 1);
    hooks.notify({ type: 'playing', app: 'live', stream, client: client(stream), viewer: 'user:1', atMs: 0 });
  };
  const leave = (stream: string): void => {
    entryOf(stream).viewers.clear();
    hooks.notify({
      type: 'stopped',
      app: 'live',
      stream,
      client: client(stream),
      viewer: 'user:1',
      reason: '',
      atMs: 0,
    });
  };
  return { book, hooks, entries, orders, ended, told, asked, demanded, publish, watch, leave, entryOf };
}

it('asks and tells of the source alone', async () => {
  const { hooks, asked, told, publish, watch, orders } = bench();
  publish('room');
  expect(await hooks.authorizePlay(client('room_480p'))).toEqual({ action: 'play', viewer: 'user:1' });
  expect(asked).toEqual([client('room')]);
  expect(await hooks.authorizePublish(client('room_480p'))).toMatchObject({
    status: 403,
    code: 'reserved_stream_name',
  });
  watch('room_480p');
  expect(orders).toEqual(['0 live/room_480p']);
  expect(told.map(({ type, stream }) => `${type} ${stream}`)).toEqual([
    'published room',
    'renditions room',
    'playing room',
  ]);
  expect(told.at(-1)).toMatchObject({ client: { stream: 'room' } });
});

it('waits for a source that is not there, and ends with it', () => {
  const { hooks, orders, ended, publish, watch, entries } = bench();
  watch('room_480p');
  expect(orders).toEqual([]);
  publish('room', 1);
  expect(orders).toEqual(['1 live/room_480p']);
  entries.delete('live/room');
  hooks.notify({ type: 'ended', app: 'live', stream: 'room', reason: 'ended', atMs: 0 });
  expect(ended).toEqual(['live/room_480p ended']);
});

it('refuses what is above maxJobs, and starts what waits when a place is free', async () => {
  vi.useFakeTimers();
  const { hooks, orders, publish, watch, leave } = bench({ maxJobs: 1 });
  publish('room');
  watch('room_720p');
  expect(await hooks.authorizePlay(client('room_480p'))).toMatchObject({ status: 503, code: 'too_many_transcodes' });
  expect(await hooks.authorizePlay(client('room_720p'))).toMatchObject({ action: 'play' });
  expect(await hooks.authorizePlay(client('room_audio'))).toMatchObject({ action: 'play' });
  watch('room_480p'); // let in a moment before the other began
  expect(orders).toEqual(['0 live/room_720p']);
  leave('room_720p');
  vi.advanceTimersByTime(1000);
  expect(orders).toEqual(['0 live/room_720p', '0 live/room_480p']);
  vi.useRealTimers();
});

it('lingers after the last viewer, and while HLS asks for it', () => {
  vi.useFakeTimers();
  const { book, ended, publish, watch, leave, demanded } = bench();
  publish('room');
  watch('room_480p');
  leave('room_480p');
  vi.advanceTimersByTime(900);
  watch('room_480p');
  vi.advanceTimersByTime(5000);
  expect(ended).toEqual([]);
  demanded.add('live/room_480p');
  leave('room_480p');
  vi.advanceTimersByTime(5000);
  expect(ended).toEqual([]);
  demanded.clear();
  book.unwanted('live/room_480p');
  vi.advanceTimersByTime(1000);
  expect(ended).toEqual(['live/room_480p ended']);
  vi.useRealTimers();
});

it('makes all that fits, always, when it is told so', () => {
  const { orders, publish, watch, leave, ended } = bench({ mode: 'always', maxJobs: 1 });
  publish('room');
  expect(orders).toEqual(['0 live/room_720p', '0 live/room_audio']);
  watch('room_720p');
  leave('room_720p');
  expect(ended).toEqual([]);
});

it('goes on in another worker when its own died', () => {
  const { book, orders, publish, watch, entryOf } = bench();
  publish('room');
  watch('room_480p');
  for (const stream of ['room', 'room_480p'])
    Object.assign(entryOf(stream), { owner: undefined, state: 'interrupted' });
  book.workerLost(0);
  publish('room', 1);
  expect(orders).toEqual(['0 live/room_480p', '1 live/room_480p']);
});

it('says what went wrong, and does not try again at once', async () => {
  const { book, hooks, ended, publish, watch } = bench();
  publish('room');
  watch('room_480p');
  book.gaveUp('live/room_480p', 'failed');
  expect(ended).toEqual(['live/room_480p engine_failure']);
  expect(book.notices({ app: 'live', stream: 'room' })).toEqual(['transcode_failed']);
  expect(book.renditions('live/room').map(({ name }) => name)).toEqual(['720p', 'audio']);
  expect(await hooks.authorizePlay(client('room_480p'))).toMatchObject({ status: 503, code: 'transcode_failed' });
});

it('without ffmpeg has sound alone, and the streamer knows', () => {
  const { book, publish } = bench({ profiles: [{ name: 'audio' }] }, { lacksFfmpeg: true });
  publish('room');
  expect(book.renditions('live/room').map(({ name }) => name)).toEqual(['audio']);
  expect(book.notices({ app: 'live', stream: 'room' })).toEqual(['renditions_need_ffmpeg']);
});
