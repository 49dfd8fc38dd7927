import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { RealtimeClient } from '../src/index.ts';
import type { ChannelMessage, RealtimeOptions, RealtimeStatus } from '../src/index.ts';
import { SseParser } from '../src/realtime/sse-parser.ts';

type Gate = 'websocket' | 'sse' | 'polling';
type Message = Record<string, unknown>;

/** A server with one logged channel, `rooms`, that can shut each of its doors. */
let server: Server;
let sockets: WebSocketServer;
let open: Set<Gate>;
let log: Message[];
let asked: string[];
let streams: Set<ServerResponse>;
let client: RealtimeClient;
let heard: ChannelMessage[];
let token: string;

const EPOCH = 'e1';

beforeEach(async () => {
  [open, log, asked, streams, heard, token] = [new Set(), [], [], new Set(), [], 'good'];
  server = createServer(events);
  sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    asked.push('websocket');
    if (!open.has('websocket')) return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (peer) => {
      peer.on('message', (text) => {
        const message = JSON.parse(String(text)) as {
          type: string;
          id?: string;
          since?: { offset: number };
          token?: string;
        };
        if (message.type === 'auth') {
          const reply =
            message.token === token ? { type: 'ack' } : { type: 'error', code: 'token_expired', error: 'over' };
          peer.send(JSON.stringify({ ...reply, id: message.id }));
        }
        if (message.type === 'subscribe')
          for (const answer of since(message.since?.offset)) peer.send(JSON.stringify(answer));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  client.close();
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  server.close();
});

/** What a subscription begins with. */
function since(offset: number | undefined): Message[] {
  if (offset === undefined) {
    return [{ type: 'snapshot', channel: 'rooms', epoch: EPOCH, offset: log.length, recovered: false, data: 'all' }];
  }
  return [{ type: 'snapshot', channel: 'rooms', epoch: EPOCH, offset, recovered: true }, ...log.slice(offset)];
}

function events(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://here');
  const place = /rooms@e1\.(\d+)/.exec(url.searchParams.get('since') ?? '')?.[1];
  const answers = since(place === undefined ? undefined : Number(place));
  if (request.headers.accept === 'text/event-stream') {
    asked.push('sse');
    if (!open.has('sse')) return void response.writeHead(502).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const message of answers) response.write(`data: ${JSON.stringify(message)}\n\n`);
    streams.add(response);
    return;
  }
  asked.push('polling');
  if (!open.has('polling')) return void response.writeHead(502).end();
  const list = (type: string) => answers.filter((message) => message.type === type);
  const vector = `rooms@${EPOCH}.${log.length}`;
  response.end(JSON.stringify({ since: vector, events: list('event'), snapshots: list('snapshot') }));
}

function happen(): void {
  const offset = log.length + 1;
  const message = { type: 'event', channel: 'rooms', offset, event: 'room.updated', data: offset, at: 0 };
  log.push(message);
  for (const socket of sockets.clients) socket.send(JSON.stringify(message));
  for (const stream of streams) stream.write(`id: rooms@${EPOCH}.${offset}\ndata: ${JSON.stringify(message)}\n\n`);
}

function connect(options: Partial<RealtimeOptions> = {}): void {
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
  client = new RealtimeClient({ url, backoff: { minMs: 5, maxMs: 10 }, pollPauseMs: 10, ...options });
  client.subscribe('rooms', (message) => heard.push(message));
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 });
const offsets = () => heard.flatMap((message) => (message.kind === 'event' ? [message.offset] : []));

test.each<Gate>(['websocket', 'sse', 'polling'])('%s alone brings snapshot and events in order', async (transport) => {
  open.add(transport);
  connect({ transport });
  await until(() => expect(heard).toHaveLength(1));
  happen();
  happen();
  await until(() => expect(offsets()).toEqual([1, 2]));
  expect(client.transport).toBe(transport);
  expect(new Set(asked)).toEqual(new Set([transport]));
});

test('auto goes down the ladder when a door stays shut: three times WebSocket, twice SSE, then polling', async () => {
  open.add('polling');
  connect();
  await until(() => expect(client.transport).toBe('polling'));
  expect(asked.slice(0, 6)).toEqual(['websocket', 'websocket', 'websocket', 'sse', 'sse', 'polling']);
});

test('from one transport to another nothing is lost, doubled or out of order', async () => {
  open.add('websocket');
  connect({ climbAfterMs: 150 });
  await until(() => expect(client.transport).toBe('websocket'));
  await until(() => expect(heard).toHaveLength(1));
  happen();
  open = new Set(['sse']);
  for (const socket of sockets.clients) socket.terminate();
  happen();
  await until(() => expect(client.transport).toBe('sse'));
  happen();
  open = new Set(['polling']);
  for (const stream of streams) stream.destroy();
  streams.clear();
  happen();
  await until(() => expect(client.transport).toBe('polling'));
  happen();
  open = new Set(['websocket']);
  await until(() => expect(client.transport).toBe('websocket'));
  happen();
  await until(() => expect(offsets()).toEqual([1, 2, 3, 4, 5, 6]));
  expect(heard.filter(({ kind }) => kind === 'snapshot')).toHaveLength(1);
});

test('a token that ran out is renewed before the next attempt', async () => {
  open.add('websocket');
  let mine = 'old';
  const renew = vi.fn<() => Promise<void>>(async () => void (mine = token));
  connect({ transport: 'websocket', token: async () => mine, renew });
  await until(() => expect(heard).toHaveLength(1));
  expect(renew).toHaveBeenCalledOnce();
});

test.each([
  { code: 4001, renewed: 1, status: 'open' },
  { code: 4008, renewed: 0, status: 'open' },
  { code: 4003, renewed: 0, status: 'stopped' },
] as { code: number; renewed: number; status: RealtimeStatus }[])(
  'closed with $code it is $status',
  async ({ code, renewed, status }) => {
    open.add('websocket');
    const renew = vi.fn<() => Promise<void>>(async () => {});
    connect({ transport: 'websocket', token, renew });
    await until(() => expect(heard).toHaveLength(1));
    const seen: RealtimeStatus[] = [];
    client.onStatus((next) => seen.push(next));
    for (const socket of sockets.clients) socket.close(code);
    await until(() => expect(seen.at(-1)).toBe(status));
    expect(renew).toHaveBeenCalledTimes(renewed);
    if (status === 'stopped') {
      client.reconnect();
      await until(() => expect(client.status).toBe('open'));
    }
  },
);

test('a channel that is refused is told so, and not asked for again by every poll', async () => {
  open.add('websocket');
  connect({ transport: 'websocket' });
  await until(() => expect(client.status).toBe('open'));
  const refused: string[] = [];
  client.subscribe('room:x', () => {}, { onRefused: ({ code }) => refused.push(code) });
  const say = (message: Message) => sockets.clients.forEach((socket) => socket.send(JSON.stringify(message)));
  say({ type: 'error', channel: 'room:x', code: 'kicked_from_room', error: 'out' });
  await until(() => expect(refused).toEqual(['kicked_from_room']));
});

test('requests need a WebSocket, and say so', async () => {
  open.add('polling');
  connect({ transport: 'polling' });
  await until(() => expect(client.status).toBe('open'));
  await expect(client.request({ type: 'start', title: 'a' })).rejects.toMatchObject({ code: 'needs_websocket' });
});

test('an event stream is cut into events wherever the pieces end', () => {
  const text = ': hello\n\nid: a\ndata: {"a":1}\n\ndata: one\r\ndata: two\r\n\r\nevent: x\n\n';
  for (let size = 1; size < text.length; size++) {
    const parser = new SseParser();
    const found: string[] = [];
    for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
    expect(found).toEqual(['{"a":1}', 'one\ntwo']);
  }
});
