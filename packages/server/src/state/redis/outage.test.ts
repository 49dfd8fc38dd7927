import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RedisCluster, RedisServer, type RedisServerOptions } from '../../../test/support/redis-server.ts';
import { StateUnavailableError, type StateHealth } from '../contract.ts';
import { RedisStateCenter } from './index.ts';
import { Keys } from './keys.ts';

const PREFIX = 'outage';
const CHANNEL = 'room:1';
const PATIENT = { timeout: 15_000 };

async function startServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

async function connect({ url }: { url: string | string[] }): Promise<RedisStateCenter> {
  const logger = pino({ level: 'silent' });
  const state = await RedisStateCenter.connect({ url, prefix: PREFIX, historySize: 5000, logger });
  onTestFinished(() => state.close());
  return state;
}

/** What one subscriber was told, in order. */
class Witness {
  readonly data: unknown[] = [];
  readonly offsets: number[] = [];
  resets = 0;

  static async of(state: RedisStateCenter): Promise<Witness> {
    const witness = new Witness();
    await state.subscribe(CHANNEL, {
      deliver: ({ data, position }) => {
        witness.data.push(data);
        witness.offsets.push(position?.offset ?? -1);
      },
      reset: () => void witness.resets++,
    });
    return witness;
  }
}

/** Appends numbers as the outbox does: each under one id, again and again until it is taken. */
class Writer {
  readonly written: number[] = [];
  readonly #state: RedisStateCenter;
  readonly #first: number;
  #isEnough = false;

  constructor(state: RedisStateCenter, first = 0) {
    this.#state = state;
    this.#first = first;
  }

  async run(): Promise<void> {
    for (let n = this.#first; !this.#isEnough; n++) {
      await this.#append(n);
      this.written.push(n);
    }
  }

  stop(): void {
    this.#isEnough = true;
  }

  async #append(n: number): Promise<void> {
    for (;;) {
      try {
        await this.#state.append(CHANNEL, { id: `event ${n}`, event: 'tick', data: n });
        return;
      } catch (error) {
        if (!(error instanceof StateUnavailableError)) throw error;
        await delay(5);
      }
    }
  }
}

const counting = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

async function isOk(...states: RedisStateCenter[]): Promise<void> {
  for (const state of states) await expect.poll(() => state.health().ok, PATIENT).toBe(true);
}

async function isAway(...states: RedisStateCenter[]): Promise<void> {
  for (const state of states) await expect.poll(() => state.health().ok, PATIENT).toBe(false);
}

test('events of three nodes reach all of them in one order', async () => {
  const server = await startServer();
  const nodes = await Promise.all([connect(server), connect(server), connect(server)]);
  const witnesses = await Promise.all(nodes.map((node) => Witness.of(node)));
  await Promise.all(
    nodes.map(async (node, at) => {
      for (const n of counting(200)) await node.append(CHANNEL, { id: `${at} ${n}`, event: 'tick', data: n });
    }),
  );
  for (const { offsets } of witnesses) await expect.poll(() => offsets, PATIENT).toEqual(counting(600));
  expect(witnesses[1]?.data).toEqual(witnesses[0]?.data);
  expect(witnesses[2]?.data).toEqual(witnesses[0]?.data);
});

describe.each([
  [
    'killed and started again',
    { stop: (server: RedisServer) => server.kill(), back: (server: RedisServer) => server.resume() },
  ],
  [
    'suspended and woken',
    { stop: async (server: RedisServer) => server.suspend(), back: async (server: RedisServer) => server.wake() },
  ],
])('a Redis that keeps its data is %s', (_name, { stop, back }) => {
  test('what writes fails at once, what reads gives the last known, and no event is lost or doubled', async () => {
    const server = await startServer({ keepsData: true });
    const [one, other] = [await connect(server), await connect(server)];
    const [near, far] = [await Witness.of(one), await Witness.of(other)];
    const start = await one.position(CHANNEL);
    const changes: StateHealth[] = [];
    one.onHealth((health) => changes.push(health));
    await one.enter('room', 'x');
    await one.enter('room', 'y');
    const lease = await one.lease('stream', 'v');
    expect((await other.counts(['room'])).get('room')?.count).toBe(2);
    const writer = new Writer(one);
    const writing = writer.run();
    await expect.poll(() => far.offsets.length, PATIENT).toBeGreaterThan(200);

    await stop(server);
    await isAway(one, other);
    await refusesAtOnce(one);
    const known = await other.position(CHANNEL);
    expect(known.offset).toBeGreaterThanOrEqual(200);
    const read = await other.read(CHANNEL, { ...known, offset: known.offset - 5 });
    expect(read.events.map(({ offset }) => offset)).toEqual(counting(5).map((n) => known.offset - 5 + n));
    expect((await other.counts(['room'])).get('room')?.count).toBe(2);
    expect((await one.holders(['stream'])).get('stream')?.value).toBe('v');
    await one.leave('room', 'y');

    await back(server);
    await isOk(one, other);
    const before = writer.written.length;
    await expect.poll(() => writer.written.length, PATIENT).toBeGreaterThan(before + 100);
    writer.stop();
    await writing;
    const all = counting(writer.written.length);
    await expect.poll(() => [near.offsets.length, far.offsets.length], PATIENT).toEqual([all.length, all.length]);
    expect([near.offsets, far.offsets]).toEqual([all, all]);
    expect([near.data, far.data]).toEqual([writer.written, writer.written]);
    expect([near.resets, far.resets]).toEqual([0, 0]);
    const resumed = await other.read(CHANNEL, { ...start, offset: 100 });
    expect(resumed.events.map(({ data }) => data)).toEqual(writer.written.slice(100));
    await expect.poll(async () => (await other.counts(['room'])).get('room')?.count, PATIENT).toBe(1);
    expect(lease?.isHeld).toBe(true);
    expect(changes.map(({ ok }) => ok)).toEqual([false, true]);
  });
});

async function refusesAtOnce(state: RedisStateCenter): Promise<void> {
  expect(state.breaker).not.toBe('closed');
  const begun = performance.now();
  const writes = [
    state.append(CHANNEL, { id: 'refused', event: 'tick', data: 0 }),
    state.publishEphemeral(CHANNEL, 'blink', 0),
    state.enter('room', 'z'),
    state.lease('another'),
    state.count('tries', 1, 1000),
    state.take('turns', { burst: 1, perSecond: 1 }),
    state.counts(['never-asked']),
    state.position('never-heard'),
  ];
  for (const write of writes) await expect(write).rejects.toBeInstanceOf(StateUnavailableError);
  // All eight together, where one that waited for Redis would take two seconds.
  expect(performance.now() - begun).toBeLessThan(1000);
}

test('a Redis that comes back empty begins anew, and everything held is there again', async () => {
  const server = await startServer();
  const [one, other] = [await connect(server), await connect(server)];
  const witness = await Witness.of(other);
  const old = await one.append(CHANNEL, { id: 'before', event: 'tick', data: 'before' });
  await one.append(CHANNEL, { id: 'lost', event: 'tick', data: 'lost' });
  await one.enter('room', 'x');
  await other.enter('room', 'x');
  await other.enter('room', 'y');
  const lease = await one.lease('stream');
  await expect.poll(() => witness.data, PATIENT).toEqual(['before', 'lost']);
  await server.kill();
  await isAway(one, other);
  await server.resume();
  await isOk(one, other);
  await expect.poll(() => witness.resets, PATIENT).toBe(1);
  expect((await one.read(CHANNEL, old)).recovered).toBe(false);
  const first = await one.append(CHANNEL, { id: 'before', event: 'tick', data: 'after' });
  expect(first).toMatchObject({ offset: 1 });
  expect(first.epoch).not.toBe(old.epoch);
  await expect.poll(() => witness.data, PATIENT).toEqual(['before', 'lost', 'after']);
  expect((await one.counts(['room'])).get('room')).toEqual({ count: 2, peak: 2 });
  expect(lease?.isHeld).toBe(true);
  expect(await other.lease('stream')).toBeUndefined();
});

test('a Redis whose log fell behind itself begins a new epoch, so that no offset means two events', async () => {
  const server = await startServer();
  const [one, other] = [await connect(server), await connect(server)];
  const witness = await Witness.of(other);
  for (const n of counting(5)) await one.append(CHANNEL, { id: `e${n}`, event: 'tick', data: n });
  await expect.poll(() => witness.offsets, PATIENT).toEqual(counting(5));
  const old = await one.position(CHANNEL);
  // What a failover to a replica that lags by two events leaves behind.
  const { meta, log, ids } = new Keys(PREFIX).channel(CHANNEL);
  server.command('HSET', meta, 'offset', '3');
  server.command('XDEL', log, '4-0', '5-0');
  server.command('ZREM', ids, 'e4', 'e5');
  const next = await one.append(CHANNEL, { id: 'e6', event: 'tick', data: 6 });
  expect(next.offset).toBe(1);
  expect(next.epoch).not.toBe(old.epoch);
  await expect.poll(() => witness.resets, PATIENT).toBe(1);
  expect((await other.read(CHANNEL, { ...old, offset: 4 })).recovered).toBe(false);
});

test('a pub/sub connection that breaks under load leaves no gap', async () => {
  const server = await startServer();
  const [one, other] = [await connect(server), await connect(server)];
  const witness = await Witness.of(other);
  const writer = new Writer(one);
  const writing = writer.run();
  for (const at of [200, 500, 800]) {
    await expect.poll(() => witness.offsets.length, PATIENT).toBeGreaterThan(at);
    server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }
  await expect.poll(() => witness.offsets.length, PATIENT).toBeGreaterThan(1200);
  writer.stop();
  await writing;
  await expect.poll(() => witness.offsets.length, PATIENT).toBe(writer.written.length);
  expect(witness.data).toEqual(writer.written);
  expect(witness.resets).toBe(0);
});

test('channels given up while Redis is away are given up when it is back, which nothing waits for', async () => {
  const server = await startServer();
  const [one, other] = [await connect(server), await connect(server)];
  const listener = { deliver: () => {}, reset: () => {} };
  const leaving = await Promise.all(counting(3).map((n) => one.subscribe(`gone:${n}`, listener)));
  const witness = await Witness.of(one);
  server.suspend();
  await isAway(one);
  await Promise.all(leaving.map((unsubscribe) => unsubscribe()));
  // Somebody comes back to one of them meanwhile.
  const returning = one.subscribe('gone:1', listener).catch(() => undefined);
  server.wake();
  await isOk(one, other);
  await returning;
  await other.append(CHANNEL, { id: 'e1', event: 'tick', data: 1 });
  await expect.poll(() => witness.data, PATIENT).toEqual([1]);
  const heard = await one.subscribe('gone:2', listener);
  const wires = (): string => server.command('PUBSUB', 'SHARDCHANNELS', '*gone*');
  await expect
    .poll(
      () =>
        wires()
          .match(/gone:\d/g)
          ?.toSorted()
          .at(-1),
      PATIENT,
    )
    .toBe('gone:2');
  await heard();
  await expect.poll(() => wires().includes('gone:2'), PATIENT).toBe(false);
});

test('a cluster that loses a server and gets it back loses and doubles no event', async () => {
  const cluster = await RedisCluster.start({ keepsData: true });
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  const [one, other] = [await connect(cluster), await connect(cluster)];
  const witness = await Witness.of(other);
  await one.enter('room', 'x');
  const writer = new Writer(one);
  const writing = writer.run();
  for (const server of cluster.servers) {
    const before = witness.offsets.length;
    await expect.poll(() => witness.offsets.length, PATIENT).toBeGreaterThan(before + 100);
    await server.kill();
    await isAway(one);
    await server.resume();
    await isOk(one, other);
  }
  const before = writer.written.length;
  await expect.poll(() => writer.written.length, PATIENT).toBeGreaterThan(before + 100);
  writer.stop();
  await writing;
  await expect.poll(() => witness.offsets.length, PATIENT).toBe(writer.written.length);
  expect(witness.data).toEqual(writer.written);
  expect(witness.resets).toBe(0);
  expect((await other.counts(['room'])).get('room')?.count).toBe(1);
}, 60_000);

test('a Redis that refuses writes is away', async () => {
  const server = await startServer();
  const state = await connect(server);
  await Witness.of(state);
  server.command('REPLICAOF', '127.0.0.1', '1');
  await expect(state.count('a', 1, 1000)).rejects.toBeInstanceOf(StateUnavailableError);
  expect(state.health().ok).toBe(false);
  server.command('REPLICAOF', 'NO', 'ONE');
  await isOk(state);
  expect(await state.count('a', 1, 1000)).toBe(1);
});

test('closing while Redis is gone or hangs ends within two seconds', async () => {
  const server = await startServer();
  const [one, other] = [await connect(server), await connect(server)];
  await one.enter('room', 'x');
  await other.enter('room', 'y');
  server.suspend();
  const begun = performance.now();
  await one.close();
  expect(performance.now() - begun).toBeLessThan(2000);
  server.wake();
  await server.kill();
  await isAway(other);
  const again = performance.now();
  await other.close();
  expect(performance.now() - again).toBeLessThan(2000);
});
