import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../test/support/databases.ts';
import { StateUnavailableError, type NewEvent, type Position } from '../state/contract.ts';
import { MemoryStateCenter } from '../state/memory.ts';
import type { Database, DatabaseOptions } from './database.ts';
import { Outbox, type OutboxEvent } from './outbox.ts';

const CHILD = join(import.meta.dirname, '../../test/support/outbox-child.ts');
const KILLS = 8;
const CHANNELS = ['channel:0', 'channel:1', 'channel:2'];
const LIFE_MS = 250;

/** A real state center that can be taken away, and that refuses what it is told to refuse. */
class MoodyStateCenter extends MemoryStateCenter {
  refuse: (event: NewEvent) => Error | undefined = () => undefined;

  override async append(channel: string, event: NewEvent): Promise<Position> {
    const refusal = this.refuse(event);
    if (refusal !== undefined) throw refusal;
    return super.append(channel, event);
  }

  async numbers(channel: string): Promise<unknown[]> {
    const { epoch } = await this.position(channel);
    return (await this.read(channel, { epoch, offset: 0 })).events.map(({ data }) => data);
  }
}

function setUp(database: Database): { state: MoodyStateCenter; outbox: Outbox; log: Record<string, unknown>[] } {
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'info' },
    { write: (line: string) => log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const state = new MoodyStateCenter({ historySize: 100_000 });
  const outbox = new Outbox({ database, state, logger, now: Date.now });
  onTestFinished(async () => {
    await outbox.stop();
    await state.close();
  });
  return { state, outbox, log };
}

const number = (data: unknown, channel = 'one'): OutboxEvent => ({ channel, event: 'number.made', data });
const emitAll = (outbox: Outbox, ...events: OutboxEvent[]): Promise<void> =>
  outbox.transact(({ emit }) => emit(...events));
const countRows = async (database: Database): Promise<number> =>
  (await database.selectFrom('outbox').select('seq').execute()).length;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

onEveryDatabase('the outbox', (open, databases) => {
  test('events come in order, and their rows are gone', async () => {
    const database = await open();
    const { state, outbox } = setUp(database);
    for (let at = 0; at < 1000; at += 250)
      await emitAll(outbox, ...upTo(250).map((n) => number(at + n, n % 2 === 0 ? 'even' : 'odd')));
    await outbox.flush();
    expect(await state.numbers('even')).toEqual(upTo(500).map((n) => 2 * n));
    expect(await state.numbers('odd')).toEqual(upTo(500).map((n) => 2 * n - 1));
    expect(await countRows(database)).toBe(0);
  });

  test('what is thrown leaves no event', async () => {
    const database = await open();
    const { state, outbox } = setUp(database);
    const work = outbox.transact(async ({ emit }) => {
      await emit(number(1));
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    await outbox.flush();
    expect(await state.numbers('one')).toEqual([]);
  });

  test('an outage is one line of log, and everything comes after it', async () => {
    const database = await open();
    const { state, outbox, log } = setUp(database);
    let attempts = 0;
    state.refuse = () => (attempts++, new StateUnavailableError());
    for (const n of upTo(20)) await emitAll(outbox, number(n));
    await expect.poll(() => attempts, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(log.map(({ msg }) => msg)).toEqual(['committed events wait to be announced']);
    state.refuse = () => undefined;
    await expect.poll(() => countRows(database), { timeout: 10_000 }).toBe(0);
    expect(await state.numbers('one')).toEqual(upTo(20));
    expect(log).toHaveLength(2);
  });

  test('an event that is always refused holds up its channel for a moment only, and is kept', async () => {
    const database = await open();
    const { state, outbox, log } = setUp(database);
    state.refuse = ({ data }) => (data === 2 ? new Error('too large') : undefined);
    await emitAll(outbox, ...upTo(4).map((n) => number(n)), ...upTo(300).map((n) => number(n * 10, 'two')));
    await outbox.flush();
    expect(await state.numbers('two')).toHaveLength(300);
    expect(await state.numbers('one')).toEqual([1]);
    await expect.poll(() => state.numbers('one'), { timeout: 5000 }).toEqual([1, 3, 4]);
    const kept = await database.selectFrom('outbox_rejected').selectAll().execute();
    expect(kept).toMatchObject([{ channel: 'one', event: 'number.made', data: '2', reason: 'too large' }]);
    expect(log).toContainEqual(expect.objectContaining({ level: 50, id: kept[0]?.id, channel: 'one' }));
  });

  test('a row that is not JSON is set aside at once', async () => {
    const database = await open();
    const { state, outbox } = setUp(database);
    await database
      .insertInto('outbox')
      .values({ id: 'broken', channel: 'one', event: 'number.made', data: '{"half', created_at: 1 })
      .execute();
    await emitAll(outbox, number(1));
    await outbox.flush();
    expect(await state.numbers('one')).toEqual([1]);
    expect(await database.selectFrom('outbox_rejected').select('id').execute()).toEqual([{ id: 'broken' }]);
  });

  test('several relays at once append each event once', async () => {
    const database = await open();
    const { state, outbox } = setUp(database);
    const logger = pino({ level: 'silent' });
    const others = upTo(3).map(() => new Outbox({ database, state, logger, now: Date.now }));
    for (const n of upTo(100)) {
      await emitAll(outbox, number(n));
      for (const other of others) other.start();
    }
    await Promise.all([outbox, ...others].map((each) => each.flush()));
    await Promise.all(others.map((other) => other.stop()));
    expect(await state.numbers('one')).toEqual(upTo(100));
    expect(await countRows(database)).toBe(0);
  });

  test('a state center that never answers does not hold up the stop', async () => {
    const { state, outbox } = setUp(await open());
    state.append = () => new Promise(() => {});
    await emitAll(outbox, number(1));
    const startedAt = performance.now();
    await outbox.stop();
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test('kill -9 between commit and append, again and again, loses and doubles nothing', async () => {
    const options = await databases.options();
    const state = new MoodyStateCenter({ historySize: 100_000 });
    onTestFinished(() => state.close());
    const { database } = await databases.handle(options);
    const rows = CHANNELS.map((id) => ({ id, purpose: 'number', value: '', created_at: 0, retired_at: null }));
    await database.insertInto('secrets').values(rows).execute();
    for (let kill = 0; kill < KILLS; kill++) {
      // Two at a time, so that one relays what the other is killed over.
      const children = await Promise.all([1, 2].map(() => startChild(options, 'write', state)));
      await Promise.all(
        children.map(async (child) => {
          await delay(randomInt(LIFE_MS));
          child.kill('SIGKILL');
          await once(child, 'exit');
        }),
      );
    }
    const committed = await database.selectFrom('audit_log').select(['subject', 'details']).orderBy('seq').execute();
    const survivor = await startChild(options, 'relay', state);
    await expect.poll(() => countRows(database), { timeout: 15_000 }).toBe(0);
    survivor.kill('SIGKILL');
    await once(survivor, 'exit');
    expect(committed.length).toBeGreaterThan(KILLS);
    for (const channel of CHANNELS) {
      const truth = committed
        .filter(({ subject }) => subject === channel)
        .map(({ details }) => JSON.parse(details) as unknown);
      expect(truth).toEqual(upTo(truth.length).map((n) => ({ number: n })));
      expect(await state.numbers(channel)).toEqual(truth);
    }
  }, 90_000);
});

async function startChild(
  { logger: _, ...options }: DatabaseOptions,
  task: 'write' | 'relay',
  state: MemoryStateCenter,
): Promise<ChildProcess> {
  const child = fork(CHILD, [JSON.stringify(options), task], { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('exit', () => reject(new Error('the child ended by itself')));
  child.on('message', (message: 'started' | { call: number; channel: string; event: NewEvent }) => {
    if (message === 'started') return resolve();
    const { call, channel, event } = message;
    void state.append(channel, event).then((position) => {
      // The child may be dead by now.
      if (child.connected) child.send({ call, position }, () => {});
    });
  });
  await promise;
  return child;
}
