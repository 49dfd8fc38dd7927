// One server of the realtime bench, in a process of its own: `fork(this, [KIND])`, then messages by IPC.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { pino } from 'pino';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer } from 'ws';
import { makeCallerOf } from '../packages/server/src/modules/gateway/index.ts';
import { addRealtimeRoutes, RealtimeService } from '../packages/server/src/modules/realtime/index.ts';
import { Roster } from '../packages/server/src/sockets/roster.ts';
import { routeUpgrades } from '../packages/server/src/sockets/upgrade.ts';
import { MemoryStateCenter } from '../packages/server/src/state/memory.ts';
import { monotonicMs } from './clock.ts';

export type RealtimeKind = 'kaibo' | 'kaibo-merged' | 'ws' | 'socket.io';
/** What the bench asks of a server: messages at a steady rate, or so many at once. */
export type Order = { type: 'broadcast'; perSecond: number; durationMs: number } | { type: 'write'; count: number };
/** What it answers: where it listens, and that an order is done. */
export type Report = { type: 'listening'; port: number } | { type: 'done'; sent: number };

export const CHANNEL = 'chat:bench';
/** Of a whole message on the wire, without the frame's head. */
const MESSAGE_BYTES = 200;

/** `@` and the time in µs: found by the load generator without parsing. */
function stamp(): string {
  return `@${Math.round(monotonicMs() * 1000)
    .toString()
    .padStart(15, '0')}`;
}

function padded(envelopeBytes: number): string {
  const text = stamp();
  return text + 'x'.repeat(Math.max(0, MESSAGE_BYTES - envelopeBytes - text.length));
}

interface Broadcaster {
  port: number;
  send(): Promise<void>;
}

const port = (server: { address(): AddressInfo | string | null }): number => (server.address() as AddressInfo).port;

async function kaibo(mergeWindowMs: number): Promise<Broadcaster> {
  const state = new MemoryStateCenter();
  const authenticator = {
    authenticate: async () => {
      throw new Error('the bench has no accounts');
    },
    onRevoked: () => () => {},
  };
  const roster = new Roster({ authenticator, now: Date.now });
  const service = new RealtimeService({
    state,
    roster,
    authenticator,
    sources: [
      {
        pattern: /^chat:(.+)$/,
        logged: true,
        sharesSnapshot: true,
        authorize: async () => {},
        snapshot: async () => [],
        render: (data) => data,
      },
    ],
    commands: [],
    logger: pino({ level: 'silent' }),
    now: Date.now,
    options: { mergeWindowMs },
  });
  const app = fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('account', undefined);
  addRealtimeRoutes(app, { service, roster, authenticator, callerOf: makeCallerOf({ trustProxy: false }) });
  routeUpgrades(app, app.server);
  await app.listen({ host: '127.0.0.1', port: 0 });
  let sent = 0;
  const envelope = JSON.stringify({
    type: 'event',
    channel: CHANNEL,
    offset: 1000,
    event: 'chat.message',
    data: { text: '' },
    at: Date.now(),
  }).length;
  return {
    port: port(app.server),
    send: async () => {
      await state.append(CHANNEL, {
        id: String(sent++),
        event: 'chat.message',
        data: { text: padded(envelope) },
      });
    },
  };
}

/** What anybody writes first: every client in a loop. */
async function plainWs(): Promise<Broadcaster> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: port(server),
    send: async () => {
      const text = padded(0);
      for (const client of server.clients) client.send(text);
    },
  };
}

async function socketIo(): Promise<Broadcaster> {
  const server = createServer();
  const io = new SocketIo(server, { transports: ['websocket'], pingInterval: 600_000, perMessageDeflate: false });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const envelope = '42["m",""]'.length;
  return {
    port: port(server),
    send: async () => void io.emit('m', padded(envelope)),
  };
}

const KINDS: { [kind in RealtimeKind]: () => Promise<Broadcaster> } = {
  kaibo: () => kaibo(0),
  'kaibo-merged': () => kaibo(50),
  ws: plainWs,
  'socket.io': socketIo,
};

/** At random moments, as people chat: `perSecond` on average. */
async function broadcast({ send }: Broadcaster, { perSecond, durationMs }: { perSecond: number; durationMs: number }) {
  const endsAtMs = performance.now() + durationMs;
  let sent = 0;
  for (let nextMs = performance.now(); nextMs < endsAtMs; sent++) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
    await send();
    nextMs += (-Math.log(1 - Math.random()) * 1000) / perSecond;
  }
  return sent;
}

async function obey(server: Broadcaster, order: Order): Promise<number> {
  if (order.type === 'broadcast') return broadcast(server, order);
  for (let n = 0; n < order.count; n++) await server.send();
  return order.count;
}

if (process.argv[1] === import.meta.filename) {
  const server = await KINDS[process.argv[2] as RealtimeKind]();
  const report = (message: Report): void => void process.send?.(message);
  process.on('message', (order: Order) => {
    void obey(server, order).then((sent) => report({ type: 'done', sent }));
  });
  process.on('disconnect', () => process.exit());
  report({ type: 'listening', port: server.port });
}
