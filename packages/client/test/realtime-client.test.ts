import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket as ServerSocket } from 'ws';
import { RealtimeClient } from '../src/index.ts';
import type { ChannelMessage, RealtimeOptions } from '../src/index.ts';

type Frame = { type: string; id?: string; channel?: string; since?: unknown };

let server: WebSocketServer;
let client: RealtimeClient;
let sockets: ServerSocket[];
let frames: Frame[];
let heard: ChannelMessage[];

beforeEach(async () => {
  [sockets, frames, heard] = [[], [], []];
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString('utf8')) as Frame));
  });
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(() => {
  client.close();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

function connect(options: Partial<RealtimeOptions> = {}): RealtimeClient {
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
  client = new RealtimeClient({ url, backoff: { minMs: 10, maxMs: 20 }, ...options });
  return client;
}

function say(message: object): void {
  sockets.at(-1)?.send(JSON.stringify(message));
}

const snapshot = (offset: number, data: unknown, recovered = false) => ({
  type: 'snapshot',
  channel: 'rooms',
  epoch: 'e1',
  offset,
  recovered,
  data,
});
const event = (offset: number) => ({
  type: 'event',
  channel: 'rooms',
  offset,
  event: 'room.updated',
  data: offset,
  at: 0,
});
const until = (check: () => void) => vi.waitFor(check, { timeout: 2000, interval: 5 });
const dataHeard = () => heard.map((message) => `${message.kind} ${String(message.data)}`);

test('snapshot, events, and after a drop a resume from the last offset without repeats', async () => {
  connect().subscribe('rooms', (message) => heard.push(message));
  await until(() => expect(frames).toMatchObject([{ type: 'subscribe', channel: 'rooms' }]));
  expect(frames[0]?.since).toBeUndefined();
  say(snapshot(4, 'all'));
  say(event(5));
  await until(() => expect(heard).toHaveLength(2));

  sockets[0]?.terminate();
  await until(() => expect(frames).toHaveLength(2));
  expect(frames[1]).toMatchObject({ type: 'subscribe', since: { epoch: 'e1', offset: 5 } });
  say(snapshot(7, undefined, true));
  say(event(5));
  say(event(6));
  say(event(7));
  await until(() => expect(dataHeard()).toEqual(['snapshot all', 'event 5', 'event 6', 'event 7']));
});

test('what the server cannot tell now is asked for again on the same connection, from the last offset; what it will not tell is not', async () => {
  const refusals: string[] = [];
  connect().subscribe('rooms', (message) => heard.push(message), { onRefused: ({ code }) => refusals.push(code) });
  await until(() => expect(frames).toHaveLength(1));
  say(snapshot(4, 'all'));
  client.subscribe('other', () => {}, { onRefused: ({ code }) => refusals.push(code) });
  await until(() => expect(frames).toHaveLength(2));
  say({ type: 'error', id: frames[1]?.id, code: 'room_private', error: 'no' });
  say({ type: 'error', channel: 'rooms', code: 'database_unavailable', error: 'later', retryAfter: 0.01 });
  await until(() => expect(frames).toHaveLength(3));
  expect(frames[2]).toMatchObject({ type: 'subscribe', channel: 'rooms', since: { epoch: 'e1', offset: 4 } });
  // What the snapshot is read from may go away after the subscription was taken.
  say({ type: 'ack', id: frames[2]?.id });
  say({ type: 'error', id: frames[2]?.id, code: 'state_unavailable', error: 'later', retryAfter: 0.01 });
  await until(() => expect(frames).toHaveLength(4));
  say(snapshot(4, undefined, true));
  say(event(5));
  await until(() => expect(dataHeard()).toEqual(['snapshot all', 'event 5']));
  expect(refusals).toEqual(['room_private']);
  expect(sockets).toHaveLength(1);
});

test('asked to connect anew it does, when its requests are answered, and goes on from its last offset', async () => {
  connect().subscribe('rooms', (message) => heard.push(message));
  await until(() => expect(frames).toHaveLength(1));
  say(snapshot(4, 'all'));
  await until(() => expect(heard).toHaveLength(1));
  const answer = client.request({ type: 'end', roomId: 'r' });
  await until(() => expect(frames).toHaveLength(2));
  say({ type: 'reconnect', withinMs: 0 });
  say({ type: 'reconnect', withinMs: -1 });
  say(event(5));
  await until(() => expect(heard).toHaveLength(2));
  expect(sockets).toHaveLength(1);
  say({ type: 'ack', id: frames[1]?.id, data: 'done' });
  expect(await answer).toBe('done');
  await until(() => expect(frames).toHaveLength(3));
  expect(sockets).toHaveLength(2);
  expect(frames[2]).toMatchObject({ type: 'subscribe', since: { epoch: 'e1', offset: 5 } });
  await until(() => expect(sockets[0]?.readyState).toBe(3));
  say(snapshot(6, undefined, true));
  say(event(6));
  await until(() => expect(dataHeard()).toEqual(['snapshot all', 'event 5', 'event 6']));
});

test('another epoch brings a new snapshot', async () => {
  connect().subscribe('rooms', (message) => heard.push(message));
  await until(() => expect(frames).toHaveLength(1));
  say(snapshot(4, 'old'));
  say({ ...snapshot(0, 'new'), epoch: 'e2' });
  say(event(1));
  await until(() => expect(dataHeard()).toEqual(['snapshot old', 'snapshot new', 'event 1']));
});

test('a hole in the offsets is asked for again and not delivered out of order', async () => {
  connect().subscribe('rooms', (message) => heard.push(message));
  await until(() => expect(frames).toHaveLength(1));
  say(snapshot(1, 'all'));
  say(event(4));
  say(event(5));
  await until(() => expect(frames).toHaveLength(2));
  expect(frames[1]).toMatchObject({ since: { epoch: 'e1', offset: 1 } });
  expect(dataHeard()).toEqual(['snapshot all']);
  say(snapshot(5, undefined, true));
  for (const offset of [2, 3, 4, 5]) say(event(offset));
  await until(() => expect(dataHeard()).toEqual(['snapshot all', 'event 2', 'event 3', 'event 4', 'event 5']));
  expect(frames).toHaveLength(2);
});

test('a second listener gets a snapshot of its own; the last to leave unsubscribes', async () => {
  connect();
  const leaveFirst = client.subscribe('rooms', () => {});
  await until(() => expect(frames).toHaveLength(1));
  say(snapshot(3, 'all'));
  const leaveSecond = client.subscribe('rooms', (message) => heard.push(message));
  await until(() => expect(frames.map((frame) => frame.type)).toEqual(['subscribe', 'unsubscribe', 'subscribe']));
  expect(frames[2]?.since).toBeUndefined();
  leaveFirst();
  leaveSecond();
  await until(() => expect(frames.at(-1)).toEqual({ type: 'unsubscribe', channel: 'rooms' }));
  expect(frames).toHaveLength(4);
});

test('a silent server is pinged and then left', async () => {
  connect({ pingIntervalMs: 20, pongTimeoutMs: 20 }).subscribe('rooms', () => {});
  await until(() => expect(frames.some((frame) => frame.type === 'ping')).toBe(true));
  await until(() => expect(sockets.length).toBeGreaterThan(1));
});

test('requests are answered by id, refused with their code, and rejected when the connection goes', async () => {
  connect().subscribe('rooms', () => {});
  await until(() => expect(client.status).toBe('open'));
  const good = client.request({ type: 'end', roomId: 'a' });
  const bad = client.request({ type: 'end', roomId: 'b' });
  const lost = client.request({ type: 'end', roomId: 'c' });
  await until(() => expect(frames).toHaveLength(4));
  say({ type: 'ack', id: frames[1]?.id, data: 1 });
  say({ type: 'error', id: frames[2]?.id, code: 'forbidden', error: 'no' });
  await expect(good).resolves.toBe(1);
  await expect(bad).rejects.toMatchObject({ code: 'forbidden', message: 'no' });
  sockets[0]?.terminate();
  await expect(lost).rejects.toMatchObject({ code: 'network' });
});

test('garbage from the server changes nothing', async () => {
  connect().subscribe('rooms', (message) => heard.push(message));
  await until(() => expect(frames).toHaveLength(1));
  for (const bad of ['not json', '[]', 'null', '{"type":"event"}', '{"type":"what"}']) sockets[0]?.send(bad);
  sockets[0]?.send(Buffer.from([1, 2, 3]));
  say(snapshot(1, 'fine'));
  await until(() => expect(dataHeard()).toEqual(['snapshot fine']));
});

test('close is final', async () => {
  connect().subscribe('rooms', () => {});
  await until(() => expect(client.status).toBe('open'));
  client.close();
  client.close();
  expect(client.status).toBe('closed');
  expect(() => client.subscribe('rooms', () => {})).toThrow('closed');
});
