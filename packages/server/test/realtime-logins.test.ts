import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ChannelSource, RealtimeCommand } from '../src/modules/realtime/contract.ts';
import { connect, request, type Message, type TestSocket } from './harness.ts';
import { readEvents } from './support/event-source.ts';
import { startFront } from './support/socket-front.ts';

const isSnapshot = ({ type }: Message): boolean => type === 'snapshot';
const hasId = (id: string) => (message: Message) => message.id === id;

const news: ChannelSource = {
  pattern: /^news$/,
  logged: true,
  authorize: async () => {},
  snapshot: async () => ({}),
  render: (data) => data,
};
const whoami: RealtimeCommand = { type: 'whoami', run: async (_message, { account }) => account?.id ?? null };

async function ask(socket: TestSocket, message: Record<string, unknown>): Promise<Message> {
  const id = Math.random().toString(36);
  socket.send({ ...message, id });
  return socket.next(hasId(id));
}

const open = (base: string, token: string) => connect(base, {}, `/ws?token=${token}`);

/** The status of an upgrade that is refused. */
async function refusal(url: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = new WebSocket(url, { headers });
  return new Promise((resolve) => {
    socket.on('error', ({ message }) => resolve(message));
    socket.on('open', () => {
      socket.terminate();
      resolve('opened');
    });
  });
}

test('a token in the address is judged before the upgrade', async () => {
  const { base } = await startFront({ commands: [whoami] });
  const ws = base.replace('http', 'ws');
  expect(await refusal(`${ws}/ws?token=bad`)).toContain('401');
  expect(await refusal(`${ws}/ws?token=old`)).toContain('401');
  expect(await ask(await open(base, 'ann'), { type: 'whoami' })).toMatchObject({ type: 'ack', data: 'ann' });
  expect(await ask(await open(base, ''), { type: 'whoami' })).toMatchObject({ type: 'ack', data: null });
});

test('a login comes later too, is renewed, and stays the same person’s', async () => {
  const { base } = await startFront({ commands: [whoami] });
  const socket = await connect(base);
  expect(await ask(socket, { type: 'subscribe', channel: 'user' })).toMatchObject({ code: 'login_required' });
  expect(await ask(socket, { type: 'auth', token: 'bad' })).toMatchObject({ type: 'error', code: 'invalid_token' });
  expect(await ask(socket, { type: 'auth', token: 'ann' })).toMatchObject({
    type: 'ack',
    data: { user: { id: 'ann' } },
  });
  expect(await ask(socket, { type: 'auth', token: 'ann' })).toMatchObject({ type: 'ack' });
  expect(await ask(socket, { type: 'auth', token: 'ben' })).toMatchObject({ type: 'error', code: 'forbidden' });
  expect(await ask(socket, { type: 'whoami' })).toMatchObject({ data: 'ann' });
});

test('`user` is one’s own channel and nobody else’s', async () => {
  const { base, state } = await startFront({});
  const socket = await open(base, 'ann');
  expect(await ask(socket, { type: 'subscribe', channel: 'user:ben' })).toMatchObject({ code: 'unknown_channel' });
  socket.send({ type: 'subscribe', channel: 'user' });
  await socket.next(isSnapshot);
  await state.append('user:ben', { id: '1', event: 'user.followed', data: {} });
  await state.append('user:ann', { id: '2', event: 'user.followed', data: { by: 'ben' } });
  expect(await socket.next(({ type }) => type === 'event')).toMatchObject({ channel: 'user', data: { by: 'ben' } });
});

test('logout and ban cut what runs under the login, and nothing else', async () => {
  const { base, tokens } = await startFront({ sources: [news] });
  const [first, second, other] = [await open(base, 'ann:1'), await open(base, 'ann:2'), await open(base, 'ben:1')];
  tokens.revoke({ userId: 'ann', sessionId: '1' });
  expect((await first.closed).code).toBe(4003);
  expect(await ask(second, { type: 'ping' })).toMatchObject({ type: 'pong' });
  tokens.revoke({ userId: 'ann' });
  expect((await second.closed).code).toBe(4003);
  expect(await ask(other, { type: 'ping' })).toMatchObject({ type: 'pong' });
});

test('an expired login does nothing more, and is cut unless it is renewed', async () => {
  const { base } = await startFront({
    commands: [whoami],
    tokenLifetimeMs: 30,
    roster: { pingEveryMs: 20, expiredGraceMs: 400 },
  });
  const [idle, renewed] = [await open(base, 'ann'), await open(base, 'ben')];
  await expect.poll(() => ask(idle, { type: 'whoami' })).toMatchObject({ code: 'token_expired' });
  expect(await ask(renewed, { type: 'auth', token: 'ben' })).toMatchObject({ type: 'ack' });
  const keeper = setInterval(() => renewed.send({ type: 'auth', token: 'ben' }), 100);
  expect((await idle.closed).code).toBe(4001);
  clearInterval(keeper);
  expect(await ask(renewed, { type: 'auth', token: 'ben' })).toMatchObject({ type: 'ack' });
});

test('connections have a limit, in all and per address, on every transport', async () => {
  const { base } = await startFront({ sources: [news], roster: { maxGuests: 2 } });
  const url = `${base.replace('http', 'ws')}/ws`;
  const first = await connect(base);
  const stream = await readEvents(`${base}/api/events?channels=news`);
  expect(await refusal(url)).toContain('503');
  expect(await request(`${base}/api/events?channels=news`)).toMatchObject({ body: { code: 'too_many_connections' } });
  stream.cut();
  await expect.poll(() => refusal(url)).toBe('opened');
  first.socket.terminate();

  const strict = await startFront({ roster: { maxPerAddress: 1 } });
  const from = (address: string) => refusal(`${strict.base.replace('http', 'ws')}/ws`, { 'x-forwarded-for': address });
  const held = await connect(strict.base, { headers: { 'x-forwarded-for': '192.0.2.1' } });
  expect(await from('192.0.2.1')).toContain('503');
  expect(await from('192.0.2.2')).toBe('opened');
  await connect(strict.base);
  expect(await from('127.0.0.1')).toBe('opened');
  held.socket.terminate();
  await expect.poll(() => from('192.0.2.1')).toBe('opened');
});

test('a reader that is too slow is cut, on a socket and on a stream, and resumes without loss', async () => {
  const front = await startFront({ sources: [news], realtime: { maxQueueBytes: 50_000 } });
  const { base, state } = front;
  const slow = await connect(base);
  slow.send({ type: 'subscribe', channel: 'news' });
  const start = await slow.next(isSnapshot);
  slow.socket.pause();
  // Not read from at all: the response is left alone after its head.
  const stalled = await fetch(`${base}/api/events?channels=news`, { headers: { accept: 'text/event-stream' } });
  let written = 0;
  const cuts = async () => /kaibo_realtime_cuts_total\{reason="slow"\} (\d+)/.exec(await front.metrics())?.[1];
  // The kernel takes some megabytes before this process sees that nobody reads.
  await expect
    .poll(
      async () => {
        for (let n = 0; n < 100; n++)
          await state.append('news', { id: `${written}`, event: 'e', data: { n: written++, text: 'x'.repeat(4000) } });
        return cuts();
      },
      { timeout: 20_000, interval: 1 },
    )
    .toBe('2');
  slow.socket.resume();
  expect((await slow.closed).code).toSatisfy((code: number) => code === 4008 || code === 1006);
  await stalled.body?.cancel().catch(() => {});
  const last = slow.messages.findLast(({ type }) => type === 'event')?.offset ?? 0;
  const read = slow.messages.filter(({ type }) => type === 'event').map(({ offset }) => offset);
  expect(read).toEqual(Array.from({ length: last }, (_, n) => n + 1));
  const again = await connect(base);
  again.send({ type: 'subscribe', channel: 'news', since: { epoch: start.epoch, offset: last } });
  const resumed = await again.next(isSnapshot);
  // What the kernel held for it was read; the rest is in the log, or, past its length, in a snapshot.
  expect(resumed.recovered ? resumed.offset : (resumed.offset ?? 0) >= last).toBe(resumed.recovered ? last : true);
  expect(resumed.epoch).toBe(start.epoch);
}, 30_000);

test('an API key may send only what it was made for', async () => {
  const command: RealtimeCommand = { ...whoami, type: 'end', scope: 'rooms:write' };
  const { base, tokens } = await startFront({ commands: [whoami, command] });
  const authenticate = tokens.authenticate.bind(tokens);
  tokens.authenticate = async (token) => ({ ...(await authenticate(token)), via: 'apiKey', scopes: ['rooms:write'] });
  const socket = await open(base, 'ann');
  expect(await ask(socket, { type: 'end' })).toMatchObject({ type: 'ack', data: 'ann' });
  expect(await ask(socket, { type: 'whoami' })).toMatchObject({ code: 'key_scope' });
});
