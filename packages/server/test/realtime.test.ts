import { expect, test } from 'vitest';
import { connect, keyOf, startTest, type Message } from './harness.ts';

const isEvent = (event: string) => (message: Message) => message.type === 'event' && message.event === event;
const isSnapshot = (message: Message) => message.type === 'snapshot';

test('the list of rooms arrives as a snapshot, and changes as events with rising offsets', async () => {
  const { base, create, engine } = await startTest();
  const first = await create();
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: 'rooms', id: 7 });
  expect(await socket.next(({ type }) => type === 'ack')).toEqual({ type: 'ack', id: 7 });
  const snapshot = await socket.next(isSnapshot);
  expect(snapshot).toMatchObject({
    channel: 'rooms',
    recovered: false,
    offset: 1,
    data: [{ id: first.id, playUrls: first.playUrls }],
  });
  await create({ isPrivate: true });
  await engine.publish(first.playId, keyOf(first));
  const live = await socket.next(isEvent('room.live'));
  expect(live).toMatchObject({
    channel: 'rooms',
    offset: 2,
    data: { id: first.id, status: 'live', playUrls: first.playUrls },
  });
  expect(JSON.stringify([snapshot, live, socket.messages])).not.toMatch(/key=|streamKey|ownerToken|publishUrls/);
});

test.each([
  ['as an object', ({ epoch, offset }: Message) => ({ epoch, offset })],
  ['as text', ({ epoch, offset }: Message) => `${epoch}.${offset}`],
])('a client that was away gets exactly what it missed (since %s)', async (_name, since) => {
  const { base, create } = await startTest();
  const before = await connect(base);
  before.send({ type: 'subscribe', channel: 'rooms' });
  const snapshot = await before.next(isSnapshot);
  before.socket.terminate();
  const ids = [(await create()).id, (await create()).id];
  const after = await connect(base);
  after.send({ type: 'subscribe', channel: 'rooms', since: since(snapshot) });
  expect(await after.next(isSnapshot)).toMatchObject({
    recovered: true,
    epoch: snapshot.epoch,
    offset: snapshot.offset,
  });
  ids.push((await create()).id);
  const missed = [
    await after.next(isEvent('room.created')),
    await after.next(isEvent('room.created')),
    await after.next(isEvent('room.created')),
  ];
  expect(missed.map(({ offset, data }) => [offset, (data as { id: string }).id])).toEqual(
    ids.map((id, index) => [index + 1, id]),
  );
});

test('a place in another epoch gets a whole snapshot', async () => {
  const { base, create } = await startTest();
  await create();
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: 'rooms', since: { epoch: 'old', offset: 1 } });
  expect(await socket.next(isSnapshot)).toMatchObject({ recovered: false, offset: 1, data: [{ status: 'preparing' }] });
});

test('one room’s channels tell its state and its viewers; a private one wants proof', async () => {
  const { base, create, engine } = await startTest();
  const made = await create({ isPrivate: true });
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: `room:${made.id}`, id: 'a' });
  expect(await socket.next(({ id }) => id === 'a')).toMatchObject({ type: 'error', code: 'room_private' });
  for (const channel of [`room:${made.id}`, `live:${made.id}`])
    socket.send({ type: 'subscribe', channel, token: made.ownerToken });
  expect(await socket.next(({ channel }) => channel === `live:${made.id}`)).toMatchObject({
    type: 'snapshot',
    data: { viewerCount: 0 },
  });
  await engine.publish(made.playId, keyOf(made));
  await socket.next(isEvent('room.live'));
  const viewer = await engine.play(made.playId, new URL(made.playUrls.flv ?? '').search);
  expect(await socket.next(isEvent('viewers'))).toMatchObject({
    channel: `live:${made.id}`,
    data: { viewerCount: 1, peakViewers: 1 },
  });
  viewer.leave();
  expect(await socket.next(isEvent('viewers'))).toMatchObject({ data: { viewerCount: 0, peakViewers: 1 } });
  socket.send({ type: 'unsubscribe', channel: `room:${made.id}`, id: 'left' });
  await socket.next(({ id }) => id === 'left');
  engine.finish(made.playId);
  socket.send({ type: 'ping', id: 'later' });
  await socket.next(({ id }) => id === 'later');
  expect(socket.messages.filter(isEvent('room.ended'))).toEqual([]);
});

test('rooms are started and ended on the socket', async () => {
  const { base, room } = await startTest();
  const socket = await connect(base);
  socket.send({ type: 'start', title: '测试', id: 1 });
  const { data } = await socket.next(({ id }) => id === 1);
  const { id: roomId, ownerToken } = data as { id: string; ownerToken: string };
  socket.send({ type: 'end', roomId, id: 2 });
  expect(await socket.next(({ id }) => id === 2)).toMatchObject({ type: 'error', code: 'forbidden' });
  socket.send({ type: 'end', roomId, token: ownerToken, id: 3 });
  expect(await socket.next(({ id }) => id === 3)).toMatchObject({ type: 'ack', data: { success: true } });
  expect((await room(roomId)).status).toBe('ended');
});

test.each([
  ['no JSON', 'hello', 'invalid_json'],
  ['no object', '[1]', 'invalid_message'],
  ['no type', '{}', 'invalid_message'],
  ['an unknown type', '{"type":"dance"}', 'invalid_message'],
  ['no channel', '{"type":"subscribe"}', 'invalid_message'],
  ['an unknown channel', '{"type":"subscribe","channel":"secrets"}', 'unknown_channel'],
  ['an unknown room', '{"type":"subscribe","channel":"room:none"}', 'room_not_found'],
  ['a wrong place', '{"type":"subscribe","channel":"rooms","since":"x"}', 'invalid_message'],
  ['an empty title', '{"type":"start","title":""}', 'invalid_message'],
])('%s is answered and not fatal', async (_name, message, code) => {
  const { base } = await startTest();
  const socket = await connect(base, { headers: { 'accept-language': 'en' } });
  socket.send(message);
  expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code, error: expect.any(String) });
  socket.send({ type: 'ping', id: 'alive' });
  expect(await socket.next(({ type }) => type === 'pong')).toEqual({ type: 'pong', id: 'alive' });
});

test('too many errors, a frame too large, and too many messages end the patience', async () => {
  const { base } = await startTest({ realtime: { maxErrors: 5, messageBurst: 20, messagesPerSecond: 0 } });
  const rude = await connect(base);
  for (let n = 0; n < 5; n++) rude.send('?');
  expect((await rude.closed).code).toBe(1008);
  const large = await connect(base);
  large.send('x'.repeat(70_000));
  expect((await large.closed).code).toBe(1009);
  const busy = await connect(base);
  for (let n = 0; n < 21; n++) busy.send({ type: 'ping' });
  expect(await busy.next(({ type }) => type === 'error')).toMatchObject({ code: 'rate_limited' });
});

test('subscriptions have a limit', async () => {
  const { base, create } = await startTest({ realtime: { maxSubscriptions: 1 } });
  const { id } = await create();
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: 'rooms' });
  socket.send({ type: 'subscribe', channel: `room:${id}` });
  expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code: 'too_many_subscriptions' });
});

test('a client that does not read is cut, and others go on', async () => {
  const { base, create, call, kaibo } = await startTest({
    realtime: { maxQueueBytes: 20_000, messageBurst: 10_000 },
  });
  const { id, ownerToken } = await create();
  for (let n = 0; n < 60; n++) await create({ title: '长'.repeat(100) });
  const [slow, quick] = [await connect(base, { perMessageDeflate: false }), await connect(base)];
  const subscribe = { type: 'subscribe', channel: 'rooms' };
  for (const socket of [slow, quick]) {
    socket.send(subscribe);
    await socket.next(isSnapshot);
  }
  slow.socket.pause();
  const sockets = async () =>
    /kaibo_websocket_connections (\d+)/.exec(
      await (await fetch(`http://127.0.0.1:${kaibo.ports.metrics}/metrics`)).text(),
    )?.[1];
  let events = 0;
  // The kernel takes some megabytes before this process sees that nobody reads: snapshots fill it soonest.
  await expect
    .poll(
      async () => {
        for (let n = 0; n < 60; n++) slow.send(subscribe);
        const headers = { 'x-owner-token': ownerToken };
        await call(`/api/rooms/${id}`, { method: 'PUT', body: { title: `${(events += 1)}` }, headers });
        return sockets();
      },
      { timeout: 20_000, interval: 1 },
    )
    .toBe('1');
  await expect.poll(() => quick.messages.filter(isEvent('room.updated')).length, { timeout: 5000 }).toBe(events);
}, 30_000);

test('pages of other sites get no socket, and /ws without upgrade says what it is', async () => {
  const { base, call } = await startTest();
  await expect(connect(base, { origin: 'http://evil.example' })).rejects.toThrow('403');
  await connect(base, { origin: base });
  expect(await call('/ws')).toMatchObject({ status: 426, body: { code: 'upgrade_required' } });
});

test('two pings without a pong end a connection', async () => {
  const { base } = await startTest({ roster: { pingEveryMs: 20 } });
  const silent = await connect(base, { autoPong: false });
  expect((await silent.closed).code).toBe(1006);
});

test('a stop says goodbye', async () => {
  const { base, kaibo } = await startTest();
  const socket = await connect(base);
  await Promise.all([kaibo.stop(), socket.closed.then(({ code }) => expect(code).toBe(1001))]);
});
