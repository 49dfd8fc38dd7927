import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket as ServerSocket } from 'ws';
import { SignalingClient } from '../src/index.ts';
import type { SignalingOptions } from '../src/index.ts';

type Frame = { type: string; id?: string; roomId?: string; session?: string; to?: string; payload?: unknown };

let server: WebSocketServer;
let client: SignalingClient;
let sockets: ServerSocket[];
let frames: Frame[];
let urls: string[];
let told: string[];

beforeEach(async () => {
  [sockets, frames, urls, told] = [[], [], [], []];
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket, request) => {
    sockets.push(socket);
    urls.push(request.url ?? '');
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString('utf8')) as Frame));
  });
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(() => {
  client.leave();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

function connect(options: Partial<SignalingOptions> = {}): void {
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/signaling`;
  client = new SignalingClient({ url, roomId: 'r1', backoff: { minMs: 5, maxMs: 10 }, ...options });
  client.on('joined', ({ peers, resumed }) => told.push(`joined ${peers.map(({ id }) => id).join()} ${resumed}`));
  client.on('peerJoined', ({ id }) => told.push(`+${id}`));
  client.on('peerLeft', ({ id }) => told.push(`-${id}`));
  client.on('error', ({ code }) => told.push(code));
  client.on('status', (status) => told.push(status));
  client.connect();
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 3000, interval: 5 });
const say = (message: object) => sockets.at(-1)?.send(JSON.stringify(message));
const joined = (session: string, ...ids: string[]) =>
  say({ type: 'joined', roomId: 'r1', session, peers: ids.map((id) => ({ id })), viewerCount: ids.length + 1 });

test('joins with its token, hears who is there, who comes and who goes', async () => {
  connect({ token: async () => 'a.b.c' });
  await until(() => expect(frames).toMatchObject([{ type: 'join', roomId: 'r1' }]));
  expect(urls).toEqual(['/signaling?token=a.b.c']);
  joined('s1', 'ann');
  say({ type: 'peer-joined', roomId: 'r1', peer: { id: 'bob' } });
  say({ type: 'peer-left', roomId: 'r1', peer: { id: 'ann' } });
  await until(() => expect(told).toEqual(['connecting', 'joined', 'joined ann false', '+bob', '-ann']));
  expect(client.peers).toEqual([{ id: 'bob' }]);
});

test('relays to one peer, and hears what is relayed', async () => {
  connect();
  await until(() => expect(frames).toHaveLength(1));
  expect(client.offer({ type: 'offer', sdp: 'x' }, 'bob'), 'not joined yet').toBe(false);
  joined('s1', 'bob');
  await until(() => expect(client.status).toBe('joined'));
  const heard: unknown[] = [];
  client.on('candidate', (message) => heard.push(message));
  expect(client.offer({ type: 'offer', sdp: 'x' }, 'bob')).toBe(true);
  say({ type: 'candidate', roomId: 'r1', from: 'bob', payload: null });
  await until(() => expect(heard).toEqual([{ from: 'bob', payload: null }]));
  expect(frames[1]).toEqual({ type: 'offer', roomId: 'r1', to: 'bob', payload: { type: 'offer', sdp: 'x' } });
});

test('after a drop it takes its place again by the session, and only real changes are told', async () => {
  connect();
  await until(() => expect(frames).toHaveLength(1));
  joined('s1', 'ann', 'bob');
  await until(() => expect(client.status).toBe('joined'));
  told.length = 0;
  sockets[0]?.terminate();
  await until(() => expect(frames).toHaveLength(2));
  expect(frames[1]).toMatchObject({ type: 'join', session: 's1' });
  joined('s1', 'bob', 'cid');
  await until(() => expect(told).toEqual(['connecting', 'joined', '-ann', 'joined bob,cid true']));
});

test('in another place everybody from before is gone first', async () => {
  connect();
  await until(() => expect(frames).toHaveLength(1));
  joined('s1', 'ann');
  await until(() => expect(client.status).toBe('joined'));
  told.length = 0;
  sockets[0]?.terminate();
  await until(() => expect(frames).toHaveLength(2));
  joined('s2', 'ann');
  await until(() => expect(told).toEqual(['connecting', 'joined', '-ann', 'joined ann false']));
});

test.each([
  {
    why: 'refused at the door',
    end: () => say({ type: 'error', id: 'join', code: 'room_full', error: 'full' }),
    code: 'room_full',
  },
  { why: 'logged out', end: () => sockets[0]?.close(4003), code: 'revoked' },
  { why: 'replaced by another tab', end: () => sockets[0]?.close(4009), code: 'replaced' },
])('$why it stays away until it is asked to connect', async ({ end, code }) => {
  connect();
  await until(() => expect(frames).toHaveLength(1));
  end();
  await until(() => expect(told).toEqual(['connecting', 'stopped', code]));
  client.connect();
  await until(() => expect(frames).toHaveLength(2));
});

test('a silent server is pinged and then left', async () => {
  connect({ pingIntervalMs: 80, pongTimeoutMs: 80 });
  await until(() => expect(frames).toHaveLength(1));
  joined('s1');
  await until(() => expect(frames.some(({ type }) => type === 'ping')).toBe(true));
  await until(() => expect(sockets.length).toBeGreaterThan(1));
});

test('an offer to the server is answered, refused, or lost with the connection', async () => {
  connect();
  await until(() => expect(frames).toHaveLength(1));
  const offer = { type: 'offer', sdp: 'x' } as const;
  await expect(client.offerToServer(offer)).rejects.toMatchObject({ code: 'closed' });
  const iceServers = [{ urls: ['turn:turn.example.org'], username: 'u', credential: 'c' }];
  say({ type: 'joined', roomId: 'r1', session: 's1', peers: [], viewerCount: 1, iceServers });
  await until(() => expect(client.iceServers).toEqual(iceServers));
  told.length = 0;
  const [first, second, third] = [1, 2, 3].map(() => client.offerToServer(offer));
  await until(() => expect(frames).toHaveLength(4));
  const [one, two] = frames.slice(1).map(({ id }) => id);
  expect(frames[1]).toMatchObject({ type: 'offer', roomId: 'r1', to: 'server', payload: offer });
  say({ type: 'error', id: two, code: 'not_publishing', error: 'nobody' });
  await expect(second).rejects.toMatchObject({ code: 'not_publishing', message: 'nobody' });
  say({ type: 'answer', id: one, roomId: 'r1', from: 'server', payload: { type: 'answer', sdp: 'y' } });
  expect(await first).toEqual({ type: 'answer', sdp: 'y' });
  expect(client.hangUp('play')).toBe(true);
  await until(() => expect(frames.at(-1)).toEqual({ type: 'hangup', roomId: 'r1', intent: 'play' }));
  sockets[0]?.terminate();
  await expect(third).rejects.toMatchObject({ code: 'closed' });
  // Refusals of offers went to whoever made them.
  expect(told).toEqual(['connecting']);
});

test('media that the server ended is told, and the place stays', async () => {
  connect();
  await until(() => expect(frames).toHaveLength(1));
  joined('s1');
  await until(() => expect(client.status).toBe('joined'));
  const ended: unknown[] = [];
  client.on('mediaClosed', (event) => ended.push(event));
  say({ type: 'media-closed', roomId: 'r1', intent: 'dance', reason: 'x', error: 'x' });
  say({ type: 'media-closed', roomId: 'r1', intent: 'play', reason: 'kicked', error: 'over' });
  await until(() => expect(ended).toHaveLength(1));
  expect(ended).toMatchObject([{ intent: 'play', reason: 'kicked', error: { code: 'media_closed', message: 'over' } }]);
  expect(client.status).toBe('joined');
});

test('garbage changes nothing', async () => {
  connect();
  await until(() => expect(frames).toHaveLength(1));
  for (const bad of ['no', '[]', 'null', '{"type":"joined"}', '{"type":"offer"}', '{"type":"peer-left","peer":1}']) {
    sockets[0]?.send(bad);
  }
  joined('s1');
  await until(() => expect(told).toEqual(['connecting', 'joined', 'joined  false']));
});
