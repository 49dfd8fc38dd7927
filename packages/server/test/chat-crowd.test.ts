// Many people in one chat over real sockets: the same order for all, nothing lost, whoever reads too slowly, is cut or
// dies in between.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { socketClient } from '../../../test/support/event-clients.ts';
import type { Config } from '../src/app/config.ts';
import { openDatabase } from '../src/database/database.ts';
import type { ChatMessage } from '../src/modules/interact/chat/contract.ts';
import { RedisStateCenter } from '../src/state/redis/index.ts';
import {
  connect,
  owner,
  request,
  startTest,
  tempFolder,
  type Answer,
  type OwnedRoom,
  type TestKaibo,
} from './harness.ts';
import { startKaiboProcess } from './support/kaibo.ts';
import { onDatabase } from './support/databases.ts';
import { RedisServer } from './support/redis-server.ts';

const PATIENT = { timeout: 20_000 };

/** Anybody may write, as fast as they like. */
function openHouse(config: Config): void {
  config.access = 'open';
  config.realtime.historySize = 20_000;
  config.chat = { ...config.chat, burst: 1000, perSecond: 1000, roomPerSecond: 10_000 };
}

const guest = async (base: string): Promise<string> =>
  String((await request(`${base}/api/viewers`, { method: 'POST', body: {} })).body['vid']);

const say = (base: string, room: string, input: object): Promise<Answer> =>
  request(`${base}/api/rooms/${room}/chat`, { method: 'POST', body: input });

/** Everything that was said, the oldest first. */
async function historyOf(base: string, room: string): Promise<ChatMessage[]> {
  const all: ChatMessage[] = [];
  for (let after = '0000000000'; ;) {
    const { body } = await request(`${base}/api/rooms/${room}/chat?limit=200&after=${after}`);
    all.push(...(body['messages'] as ChatMessage[]));
    if (body['more'] !== true) return all;
    after = all.at(-1)?.id ?? after;
  }
}

test('a hundred people read 150 messages of twenty, some of them cut, in one order and each once', async () => {
  const { base, create } = await startTest({ change: openHouse });
  const { id: room } = await create();
  const readers = Array.from({ length: 100 }, () => socketClient(() => base, `chat:${room}`));
  onTestFinished(async () => void (await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()))));
  await Promise.all(readers.map(({ ready }) => ready));
  const writers = await Promise.all(
    Array.from({ length: 20 }, async () => ({ socket: await connect(base), vid: await guest(base) })),
  );
  for (let n = 0; n < 150; n++) {
    const { socket, vid } = writers[n % writers.length] ?? {};
    socket?.send({ type: 'chat', id: n, roomId: room, vid, text: `message ${n}`, danmaku: n % 2 === 0 });
    if (n % 15 === 0) readers[Math.floor(Math.random() * readers.length)]?.cut();
    await sleep(10);
  }
  await expect
    .poll(() => writers.flatMap(({ socket }) => socket.messages.filter(({ type }) => type === 'ack')).length, {
      timeout: 20_000,
    })
    .toBe(150);
  const ids = (await historyOf(base, room)).map(({ id }) => id);
  expect(ids).toHaveLength(150);
  for (const { seen, losses } of readers) {
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(150);
    expect(losses).toBe(0);
    expect(seen.map(({ data }) => (data as ChatMessage).id)).toEqual(ids);
  }
}, 90_000);

test('who does not read is cut, comes back where they were, and misses nothing', async () => {
  const { base, create, kaibo } = await startTest({
    change: openHouse,
    realtime: { maxQueueBytes: 20_000, messageBurst: 10_000, maxErrors: 10_000 },
  });
  const { id: room } = await create();
  const vid = await guest(base);
  let said = 0;
  const sayMany = async (count: number): Promise<void> => {
    const answers = Array.from({ length: count }, () =>
      say(base, room, { vid, text: `${'满'.repeat(480)} ${said++}` }),
    );
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  };
  await sayMany(60);
  const slow = await connect(base, { perMessageDeflate: false });
  const subscribe = (since?: object): object => ({ type: 'subscribe', channel: `chat:${room}`, since });
  slow.send(subscribe());
  await expect.poll(() => slow.messages.length).toBe(1);
  slow.socket.pause();
  const isCut = async (): Promise<boolean> => {
    const metrics = await (await fetch(`http://127.0.0.1:${kaibo.ports.metrics}/metrics`)).text();
    return /^kaibo_websocket_connections 0$/m.test(metrics);
  };
  // The kernel takes some megabytes before the server sees that nobody reads: snapshots fill it soonest.
  while (!(await isCut())) {
    for (let n = 0; n < 30; n++) slow.send(subscribe());
    await sayMany(10);
  }
  slow.socket.resume();
  await slow.closed;
  const { epoch, offset = 0 } = slow.messages.findLast(({ type }) => type === 'event' || type === 'snapshot') ?? {};
  const back = await connect(base);
  back.send(subscribe({ epoch: epoch ?? slow.messages[0]?.epoch, offset }));
  expect(await back.next(({ type }) => type === 'snapshot')).toMatchObject({ recovered: true });
  await expect.poll(() => back.messages.length, { timeout: 20_000 }).toBe(said - offset);
  const missed = Array.from({ length: said - offset }, (_, n) => offset + n + 1);
  expect(back.messages.map((message) => message.offset)).toEqual(missed);
}, 60_000);

interface Told {
  messages: ChatMessage[];
  pinned?: ChatMessage;
}

/** Somebody who reads a channel from now on: what they found there, and the ids of what came since. */
async function readerOf(base: string, room: string): Promise<{ found: Told; heard(): string[] }> {
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: `chat:${room}` });
  const { data } = await socket.next(({ type }) => type === 'snapshot');
  const heard = () =>
    socket.messages.filter(({ event }) => event === 'chat.message').map((message) => (message.data as ChatMessage).id);
  return { found: data as Told, heard };
}

test('what was answered is kept through kill -9 and told once, and what is sent again is said once', async () => {
  const dataDir = join(tempFolder(), 'data');
  const flags = ['--access=open', '--chat.burst=1000', '--chat.perSecond=1000', `--dataDir=${dataDir}`];
  let run = await startKaiboProcess(...flags);
  const made = await request(`${run.base}/api/rooms`, { method: 'POST', body: { title: '聊天' } });
  const room = String(made.body['id']);
  const mine = owner(made.body as unknown as OwnedRoom);
  const vid = await guest(run.base);
  const answered = new Map<string, string>();
  const heard = new Set<string>();
  const send = async (clientId: string): Promise<void> => {
    const { body } = await say(run.base, room, { vid, text: clientId, clientId });
    answered.set(clientId, (body['message'] as ChatMessage).id);
  };
  let reader = await readerOf(run.base, room);
  let next = 0;
  for (let kill = 1; kill <= 3; kill++) {
    const lost: string[] = [];
    const writing = Array.from({ length: 8 }, async () => {
      for (;;) {
        const clientId = `c-${next++}`;
        try {
          await send(clientId);
        } catch {
          lost.push(clientId);
          return;
        }
      }
    });
    const enough = kill * 40 + Math.floor(Math.random() * 20);
    await expect.poll(() => answered.size, { timeout: 20_000, interval: 1 }).toBeGreaterThan(enough);
    const [messageId] = answered.values();
    if (kill === 1)
      await request(`${run.base}/api/rooms/${room}/chat/pinned`, { method: 'PUT', body: { messageId }, headers: mine });
    run.process.kill('SIGKILL');
    await Promise.all([...writing, run.exit]);
    const ids = reader.heard();
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) heard.add(id);
    run = await startKaiboProcess(...flags);
    reader = await readerOf(run.base, room);
    for (const clientId of lost) await send(clientId);
    expect(reader.found.pinned?.id).toBe(messageId);
  }
  const last = [...answered.values()].at(-1);
  await expect.poll(() => reader.heard().at(-1), PATIENT).toBe(last);
  for (const id of reader.heard()) heard.add(id);
  const all = await historyOf(run.base, room);
  expect(new Map(all.map(({ text, id }) => [text, id]))).toEqual(answered);
  expect(all).toHaveLength(answered.size);
  // Everybody who was answered was heard, and nobody heard what was not kept.
  expect(heard).toEqual(new Set(answered.values()));
}, 240_000);

/** Two platforms on one Redis and one database, in this process. */
async function startNodes(): Promise<[TestKaibo, TestKaibo]> {
  const logger = pino({ level: 'silent' });
  const redis = await RedisServer.start();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const { database, close } = await openDatabase({
    ...{ folder: tempFolder(), poolSize: 5, statementTimeoutMs: 10_000, logger },
  });
  onTestFinished(close);
  const folders = [tempFolder(), tempFolder()] as const;
  const start = async (dataDir: string): Promise<TestKaibo> => {
    const state = await RedisStateCenter.connect({ url: redis.url, prefix: 'test', historySize: 1000, logger });
    onTestFinished(() => state.close());
    return startTest({ dataDir, change: openHouse, database, state });
  };
  const first = await start(folders[0]);
  copyFileSync(join(folders[0], 'signing.key'), join(folders[1], 'signing.key'));
  return [first, await start(folders[1])];
}

test('two nodes are one chat: one order, one pace, one slow mode', async () => {
  const [a, b] = await startNodes();
  const made = await a.create();
  const nodes = [a, b];
  const readers = nodes.map(({ base }) => socketClient(() => base, `chat:${made.id}`));
  onTestFinished(async () => void (await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()))));
  await Promise.all(readers.map(({ ready }) => ready));
  const vids = await Promise.all(Array.from({ length: 4 }, () => guest(a.base)));
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const { base } = nodes[n % 2] ?? a;
      expect((await say(base, made.id, { vid: vids[n % 4], text: `message ${n}` })).status).toBe(200);
    }),
  );
  for (const { seen } of readers) await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(60);
  const [first, second] = readers.map(({ seen }) => seen.map(({ data }) => (data as ChatMessage).id));
  expect(first).toEqual(second);
  expect((await historyOf(b.base, made.id)).map(({ id }) => id)).toEqual(first?.toSorted());
  const same = [];
  for (const { base } of [a, b, a, b])
    same.push((await say(base, made.id, { vid: vids[1], text: 'Buy now' })).body.code);
  expect(same).toEqual([undefined, undefined, 'message_repeated', 'message_repeated']);
  const change = { method: 'PATCH', body: { slowModeSeconds: 600 }, headers: owner(made) };
  expect((await a.call(`/api/rooms/${made.id}/chat/settings`, change)).status).toBe(200);
  await expect.poll(() => readers[1]?.seen.at(-1)?.event, { timeout: 20_000 }).toBe('chat.settings');
  // The other node reads them anew within a second.
  const known = async () => (await b.call(`/api/rooms/${made.id}/chat/settings`)).body['slowModeSeconds'];
  await expect.poll(known, { timeout: 20_000 }).toBe(600);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => say((nodes[n % 2] ?? a).base, made.id, { vid: vids[0], text: `slow ${n}` })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set([undefined, 'slow_mode']));
}, 60_000);

onDatabase('postgres', 'a chat', (_open, databases) => {
  test('whose database stalls says so, keeps nobody waiting, and goes on when it is back', async () => {
    const { url = '' } = await databases.options();
    const { base, create, call, kaibo } = await startTest({
      change: (config) => {
        openHouse(config);
        config.database.url = url;
        config.database.statementTimeoutMs = 60_000;
      },
    });
    const room = await create();
    const vid = await guest(base);
    const messageId = ((await say(base, room.id, { vid, text: 'before' })).body['message'] as ChatMessage).id;
    const pin = { method: 'PUT', body: { messageId }, headers: owner(room) };
    expect((await call(`/api/rooms/${room.id}/chat/pinned`, pin)).status).toBe(200);
    const locker = new pg.Client({ connectionString: url });
    await locker.connect();
    onTestFinished(() => locker.end());
    await locker.query('BEGIN; LOCK TABLE chat_messages IN ACCESS EXCLUSIVE MODE');
    const said = ['before'];
    const send = async (text: string): Promise<string | undefined> => {
      const { status, body } = await say(base, room.id, { vid, text });
      if (status === 200) said.push(text);
      return body.code;
    };
    const wave = (name: string) => Array.from({ length: 50 }, (_, n) => send(`${name} ${n}`));
    const first = wave('first');
    await expect.poll(() => isAwaited(locker), PATIENT).toBe(true);
    // Whoever comes while a commit hangs waits for a moment, and later not at all.
    expect(new Set(await Promise.all(wave('second')))).toEqual(new Set(['overloaded']));
    expect(new Set(await Promise.all(wave('third')))).toEqual(new Set(['overloaded']));
    await locker.query('ROLLBACK');
    expect(await Promise.all(first)).toContain(undefined);
    await expect.poll(() => send('after'), PATIENT).toBeUndefined();
    const history = (await historyOf(base, room.id)).map(({ text }) => text);
    expect(history.toSorted()).toEqual(said.toSorted());
    expect(await (await fetch(`http://127.0.0.1:${kaibo.ports.metrics}/metrics`)).text()).toContain(
      '\nkaibo_chat_waiting 0\n',
    );
    const clear = { method: 'POST', body: { person: `owner:${room.id}` }, headers: owner(room) };
    expect((await call(`/api/rooms/${room.id}/chat/clear`, clear)).body).toEqual({ deleted: 0 });
    const remove = { method: 'DELETE', headers: owner(room) };
    expect((await call(`/api/rooms/${room.id}/chat/${messageId}`, remove)).status).toBe(200);
    const { rows } = await locker.query('SELECT * FROM chat_pins');
    expect(rows).toEqual([]);
  }, 60_000);
});

/** Whether somebody waits for what is locked. */
async function isAwaited(locker: pg.Client): Promise<boolean> {
  const { rowCount } = await locker.query('SELECT 1 FROM pg_locks WHERE NOT granted');
  return (rowCount ?? 0) > 0;
}
