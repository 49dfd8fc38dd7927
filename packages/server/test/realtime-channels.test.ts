import { expect, test, vi } from 'vitest';
import { AppError } from '../src/modules/gateway/contract.ts';
import type { ChannelSource, Removal } from '../src/modules/realtime/contract.ts';
import { MemoryStateCenter } from '../src/state/memory.ts';
import { StateUnavailableError, type Listener } from '../src/state/contract.ts';
import { connect, request, type Message } from './harness.ts';
import { readEvents } from './support/event-source.ts';
import { startFront, type SocketFront } from './support/socket-front.ts';

const isSnapshot = ({ type }: Message): boolean => type === 'snapshot';
const isEvent = ({ type }: Message): boolean => type === 'event';

/** `news` (logged), `live:x` (ephemeral), and `closed`, which lets nobody in. */
function newsSources(over: Partial<ChannelSource> = {}): ChannelSource[] {
  const source = {
    authorize: async (channel: string) => {
      if (channel === 'closed') throw new AppError('room_private');
    },
    snapshot: async () => ({ whole: true }),
    render: (data: unknown) => data,
    sharesSnapshot: true,
    ...over,
  };
  return [
    { ...source, pattern: /^(?:news|more|closed)$/, logged: true },
    { ...source, pattern: /^live:(.+)$/, logged: false, onRemoved: undefined, joined: undefined },
  ];
}

let written = 0;
async function write({ state }: SocketFront, channel: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    written++;
    await state.append(channel, { id: `event-${written}`, event: 'news.written', data: { n: written } });
  }
}

test('a start that cannot be read is told as the refusal of its channel, although it comes after the ack', async () => {
  const state = new MemoryStateCenter({ historySize: 100 });
  let isAway = true;
  state.read = async (...args) => {
    if (isAway) throw new StateUnavailableError();
    return MemoryStateCenter.prototype.read.apply(state, args);
  };
  const front = await startFront({ state, sources: newsSources() });
  const socket = await connect(front.base);
  const since = await state.position('news');
  socket.send({ type: 'subscribe', id: '1', channel: 'news', since });
  expect(await socket.next(() => true)).toEqual({ type: 'ack', id: '1' });
  const refusal = { type: 'error', id: '1', channel: 'news', code: 'state_unavailable' };
  expect(await socket.next(() => true)).toMatchObject({ ...refusal, retryAfter: expect.any(Number) });
  isAway = false;
  socket.send({ type: 'subscribe', id: '2', channel: 'news', since });
  expect(await socket.next(isSnapshot)).toMatchObject({ channel: 'news', recovered: true });
});

const poll = (base: string, query: string) => request(`${base}/api/events?${query}`);

test('three transports give the same events, also to those who were cut', async () => {
  const front = await startFront({ sources: newsSources() });
  const { base } = front;
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: 'news' });
  await socket.next(isSnapshot);
  const stream = await readEvents(`${base}/api/events?channels=news`);
  await expect.poll(() => stream.events.length).toBe(1);
  const first = await poll(base, 'channels=news');
  expect(first.body.snapshots).toMatchObject([{ channel: 'news', offset: 0, recovered: false, data: { whole: true } }]);

  await write(front, 'news', 3);
  await expect.poll(() => stream.events.length).toBe(4);
  const lastId = stream.events[1]?.id ?? '';
  stream.cut();
  await write(front, 'news', 2);
  const resumed = await readEvents(`${base}/api/events?channels=news&since=news%40other.1`, {
    'last-event-id': lastId,
  });
  await expect.poll(() => resumed.events.length).toBe(5);
  expect(resumed.events[0]).toMatchObject({ id: lastId, message: { type: 'snapshot', recovered: true } });
  const polled = await poll(base, `channels=news&since=${encodeURIComponent(String(first.body.since))}`);
  await expect.poll(() => socket.messages.filter(isEvent).length).toBe(5);

  const all = socket.messages.filter(isEvent);
  expect(all.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5]);
  expect(polled.body.events).toEqual(all);
  expect([stream.events[1], ...resumed.events.slice(1)].map((event) => event?.message)).toEqual(all);
  expect(polled.body.since).toBe(resumed.events.at(-1)?.id);
  expect(polled.body.snapshots).toBeUndefined();
});

test('a stream of events says how to treat it, and lives on comments', async () => {
  const { base, state } = await startFront({ sources: newsSources(), realtime: { heartbeatMs: 20 } });
  const response = await fetch(`${base}/api/events?channels=news,live:x`, { headers: { accept: 'text/event-stream' } });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  expect(response.headers.get('cache-control')).toContain('no-store');
  await state.publishEphemeral('live:x', 'viewers', { viewerCount: 1 });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!/\n:\n\n/.test(text) || !text.includes('viewers')) text += (await reader?.read())?.value ?? '';
  await reader?.cancel();
  expect(text).toMatch(/^retry: \d+\n\n/);
  // An ephemeral event leaves the client where it stands.
  expect(/^id: (.*)\ndata: .*viewers.*$/m.exec(text)?.[1]).toMatch(/^news@\w+\.0$/);
});

test('one channel that refuses does not fail the others; all that refuse fail the request', async () => {
  const { base } = await startFront({ sources: newsSources() });
  const mixed = await poll(base, 'channels=news,closed,none');
  expect(mixed).toMatchObject({
    status: 200,
    body: {
      events: [],
      errors: [
        { type: 'error', channel: 'closed', code: 'room_private' },
        { type: 'error', channel: 'none', code: 'unknown_channel' },
      ],
    },
  });
  expect(await poll(base, 'channels=closed')).toMatchObject({ status: 403, body: { code: 'room_private' } });
  const stream = await readEvents(`${base}/api/events?channels=closed,news`);
  await expect.poll(() => stream.events.map(({ message }) => message.type)).toEqual(['error', 'snapshot']);
});

test.each([
  ['no channels', ''],
  ['too many channels', `channels=${Array.from({ length: 65 }, (_, n) => `room:${n}`).join()}`],
  ['a channel that cannot be', 'channels=a%20b'],
  ['a vector that is none', 'channels=news&since=news'],
  ['a vector with words for a place', 'channels=news&since=news@e.x'],
  ['a wait without end', 'channels=news&wait=3600'],
])('%s is a bad request', async (_name, query) => {
  const { base } = await startFront({ sources: newsSources() });
  expect(await poll(base, query)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
});

test('a poll that waits is answered by the first news, and by the end of its time', async () => {
  const front = await startFront({ sources: newsSources() });
  const { body } = await poll(front.base, 'channels=news');
  const since = encodeURIComponent(String(body.since));
  const waiting = poll(front.base, `channels=news&since=${since}&wait=30`);
  await expect.poll(() => front.realtime.roster.count('poll')).toBe(1);
  await write(front, 'news', 1);
  expect((await waiting).body.events).toMatchObject([{ event: 'news.written', offset: 1 }]);
  const empty = await poll(front.base, `channels=live:x&wait=0.05`);
  expect(empty.body).toMatchObject({ events: [], since: '', snapshots: [{ channel: 'live:x' }] });
  expect(front.realtime.roster.count('poll')).toBe(0);
});

test('a place that is too old gets a snapshot on every transport', async () => {
  const front = await startFront({ sources: newsSources(), state: new MemoryStateCenter({ historySize: 2 }) });
  const { body } = await poll(front.base, 'channels=news');
  await write(front, 'news', 5);
  const answer = await poll(front.base, `channels=news&since=${encodeURIComponent(String(body.since))}`);
  expect(answer.body).toMatchObject({ events: [], snapshots: [{ offset: 5, recovered: false }] });
  const stream = await readEvents(
    `${front.base}/api/events?channels=news&since=${encodeURIComponent(String(body.since))}`,
  );
  await expect.poll(() => stream.events[0]?.message).toMatchObject({ type: 'snapshot', recovered: false });
});

test('a storm of those who come and those who return shares one snapshot and one read', async () => {
  const snapshot = vi.fn<() => Promise<unknown>>(async () => ({ rooms: 'x'.repeat(100) }));
  const front = await startFront({ sources: newsSources({ snapshot }) });
  await write(front, 'news', 3);
  const read = vi.spyOn(front.state, 'read');
  const { epoch } = await front.state.position('news');
  const sockets = await Promise.all(Array.from({ length: 60 }, () => connect(front.base)));
  sockets.forEach((socket, n) =>
    socket.send({ type: 'subscribe', channel: 'news', ...(n % 2 === 0 ? { since: { epoch, offset: 1 } } : {}) }),
  );
  await Promise.all(sockets.map((socket) => socket.next(isSnapshot)));
  await write(front, 'news', 1);
  for (const [n, socket] of sockets.entries()) {
    const offsets = n % 2 === 0 ? [2, 3, 4] : [4];
    await expect.poll(() => socket.messages.filter(isEvent).map(({ offset }) => offset)).toEqual(offsets);
  }
  expect(snapshot).toHaveBeenCalledTimes(1);
  expect(read).toHaveBeenCalledTimes(1);
});

test('events that come while a snapshot is read are neither lost nor doubled', async () => {
  const gate = Promise.withResolvers<void>();
  const snapshot = async () => {
    await gate.promise;
    return {};
  };
  const front = await startFront({ sources: newsSources({ snapshot }) });
  const socket = await connect(front.base);
  socket.send({ type: 'subscribe', channel: 'news' });
  await expect.poll(() => front.realtime.channels.subscriptions).toBe(1);
  // More than a feed keeps: the rest is read from the log.
  await write(front, 'news', 300);
  gate.resolve();
  await expect.poll(() => socket.messages.filter(isEvent).length).toBe(300);
  await write(front, 'news', 1);
  await expect.poll(() => socket.messages.filter(isEvent).length).toBe(301);
  expect(socket.messages.filter(isEvent).map(({ offset }) => offset)).toEqual(
    Array.from({ length: 301 }, (_, n) => n + 1),
  );
});

test('a log that begins anew sends everybody a new snapshot', async () => {
  const listeners: Listener[] = [];
  class ResettableState extends MemoryStateCenter {
    override async subscribe(name: string, listener: Listener) {
      listeners.push(listener);
      return super.subscribe(name, listener);
    }
  }
  const front = await startFront({ sources: newsSources(), state: new ResettableState() });
  const socket = await connect(front.base);
  socket.send({ type: 'subscribe', channel: 'news' });
  await socket.next(isSnapshot);
  const stream = await readEvents(`${front.base}/api/events?channels=news`);
  await expect.poll(() => stream.events.length).toBe(1);
  for (const listener of listeners) listener.reset();
  expect(await socket.next(isSnapshot)).toMatchObject({ recovered: false });
  await expect.poll(() => stream.events.length).toBe(2);
  await write(front, 'news', 1);
  expect(await socket.next(isEvent)).toMatchObject({ offset: 1 });
});

test('a snapshot says that it is stale while the shared state is away', async () => {
  class AwayState extends MemoryStateCenter {
    override health() {
      return { ok: false, sinceMs: 0 };
    }
  }
  const { base } = await startFront({ sources: newsSources(), state: new AwayState() });
  expect((await poll(base, 'channels=news')).body.snapshots).toMatchObject([{ stale: true }]);
});

test('within a merge window a socket is written once, and gets every event in order', async () => {
  const front = await startFront({ sources: newsSources(), realtime: { mergeWindowMs: 30 } });
  const socket = await connect(front.base);
  socket.send({ type: 'subscribe', channel: 'news' });
  await socket.next(isSnapshot);
  const before = front.realtime.traffic.frames;
  await write(front, 'news', 20);
  await expect.poll(() => socket.messages.filter(isEvent).length).toBe(20);
  expect(socket.messages.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  expect(front.realtime.traffic.frames - before).toBe(1);
});

test('large snapshots are compressed for those who can read them, and events stay in order beside them', async () => {
  const rooms = Array.from({ length: 2000 }, (_, n) => `房间 ${n}`);
  const front = await startFront({ sources: newsSources({ snapshot: async () => rooms }) });
  await write(front, 'news', 1);
  for (const perMessageDeflate of [true, false]) {
    const socket = await connect(front.base, { perMessageDeflate });
    expect(socket.socket.extensions).toBe(perMessageDeflate ? 'permessage-deflate' : '');
    socket.send({ type: 'subscribe', channel: 'news' });
    expect((await socket.next(isSnapshot)).data).toEqual(rooms);
    await write(front, 'news', 1);
    await socket.next(isEvent);
    // A client's own compressed messages are read too.
    socket.send({ type: 'ping', id: 'x'.repeat(90) });
    await socket.next(({ type }) => type === 'pong');
  }
});

test('a source hears who listens on every transport, and may end a subscription', async () => {
  const present = new Set<string>();
  let tell: (removal: Removal) => void = () => {};
  const front = await startFront({
    realtime: { pollPresenceMs: 40 },
    sources: newsSources({
      joined: async (_channel, { vid = '' }) => {
        present.add(vid);
        return () => present.delete(vid);
      },
      onRemoved: (listener) => (tell = listener),
    }),
  });
  const socket = await connect(front.base);
  socket.send({ type: 'subscribe', channel: 'news', vid: 'socket' });
  await socket.next(isSnapshot);
  const stream = await readEvents(`${front.base}/api/events?channels=news&vid=stream`);
  await expect.poll(() => stream.events.length).toBe(1);
  await poll(front.base, 'channels=news&vid=poll');
  expect([...present].toSorted()).toEqual(['poll', 'socket', 'stream']);
  await expect.poll(() => [...present].toSorted()).toEqual(['socket', 'stream']);
  tell({ channel: 'news', code: 'kicked_from_room', fits: ({ vid }) => vid === 'socket' });
  expect(await socket.next(({ type }) => type === 'error')).toMatchObject({
    channel: 'news',
    code: 'kicked_from_room',
  });
  await expect.poll(() => [...present]).toEqual(['stream']);
  stream.cut();
  await expect.poll(() => [...present]).toEqual([]);
});
