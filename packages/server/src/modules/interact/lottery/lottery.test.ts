import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { canonicalJson } from '../../../http/canonical-json.ts';
import { verifyLottery } from '../../../../../../docs/lottery-verify.mjs';
import { onEveryDatabase } from '../../../../test/support/databases.ts';
import { roomRow } from '../../../../test/support/room-rows.ts';
import { audit } from '../../../database/audit.ts';
import type { Database } from '../../../database/database.ts';
import { isUniqueViolation } from '../../../database/errors.ts';
import { Outbox } from '../../../database/outbox.ts';
import { MemoryStateCenter } from '../../../state/memory.ts';
import { createUserDirectory } from '../../user/index.ts';
import { RealBeacons } from './beacons.ts';
import type { LotteryTerms } from './contract.ts';
import { Drand } from './drand.ts';
import { Drawer } from './drawer.ts';
import { EntryDesk } from './entry-desk.ts';
import { chainBegin, commitmentOf } from './fairness.ts';
import { LotteryMetrics } from './metrics.ts';
import { Progress } from './progress.ts';
import { LotteryStore, type LotteryRow } from './store.ts';
import { proofOf } from './view.ts';

const CHILD = join(import.meta.dirname, '../../../../test/support/lottery-child.ts');
const ITERATIONS = 640;
const logger = pino({ level: 'silent' });
const now = Date.now;
const LONG = { timeout: 60_000, interval: 50 };

/** One node's part, with a state center of its own: no lease keeps two of them apart. */
function nodeOn(database: Database) {
  const state = new MemoryStateCenter();
  const store = new LotteryStore(database);
  const outbox = new Outbox({ database, logger, now });
  const progress = new Progress({ state, logger });
  const metrics = new LotteryMetrics();
  const desk = new EntryDesk({ store, outbox, progress, metrics, now });
  const options = { beacon: 'delay', delayIterations: ITERATIONS, drandHosts: [] } as const;
  const beacons = new RealBeacons({ logger, now, options, metrics, drand: new Drand({ hosts: [], fetch }) });
  const drawer = new Drawer({
    ...{ store, outbox, state, beacons, metrics, logger, now, users: createUserDirectory(database, now) },
    notifier: {
      notify: async ({ transaction }, notices) => {
        for (const { userId, data: details } of notices)
          await audit(transaction, {
            ...{ actor: 'system', action: 'test.told', subject: `user:${userId}`, details, atMs: now() },
          });
      },
    },
  });
  onTestFinished(async () => {
    progress.stop();
    beacons.stop();
    await drawer.stop();
    await state.close();
  });
  return { store, outbox, desk, drawer };
}

async function begin(database: Database, { endsAt, winners = 3 }: { endsAt?: number; winners?: number } = {}) {
  const [id, roomId, startedAt] = [randomUUID(), randomUUID(), now()];
  const seed = randomBytes(32);
  const commitment = commitmentOf(seed);
  const facts: LotteryTerms = {
    ...{ roomId, prize: '奖品', winners, condition: { type: 'anyone' }, startedAt, endsAt },
    beacon: { kind: 'delay', iterations: ITERATIONS },
  };
  const terms = canonicalJson(facts);
  // A broadcast that goes on.
  await database
    .insertInto('rooms')
    .values(roomRow(roomId, { status: 'live' }))
    .execute();
  await database.transaction().execute((transaction) =>
    new LotteryStore(database).insert(transaction, {
      ...{ id, room_id: roomId, channel_id: 'owner', created_by: 'owner', status: 'open', open_room: roomId, terms },
      ...{ seed: seed.toString('hex'), commitment, head: chainBegin({ id, commitment, terms }), entries: 0 },
      ...{ beacon: null, started_at: startedAt, ends_at: endsAt ?? null, closed_at: null, ended_at: null },
      due_at: endsAt ?? null,
    }),
  );
  return id;
}

const people = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ userId: `user-${from + index}`, name: `观众${from + index}` }));

async function found(database: Database, id: string): Promise<LotteryRow> {
  const row = await new LotteryStore(database).find(id);
  if (row === undefined) throw new Error('it is gone');
  return row;
}

async function proven(database: Database, id: string) {
  const entries = await new LotteryStore(database).entries(id, { after: 0, limit: 100_000 });
  const proof = proofOf(await found(database, id), entries);
  if (proof === undefined) throw new Error('it is not drawn');
  expect(verifyLottery(proof)).toEqual(proof.winners.map(({ n, userId }) => ({ n, userId })));
  return proof;
}

const statusOf = async (database: Database, id: string) => (await found(database, id)).status;

/** How often each thing was done about a lottery. */
async function deeds(database: Database, id: string): Promise<Record<string, number>> {
  const rows = await database.selectFrom('audit_log').select('action').where('details', 'like', `%${id}%`).execute();
  const events = await database.selectFrom('outbox').select('event').where('data', 'like', `%${id}%`).execute();
  const names = [...rows.map(({ action }) => `audit ${action}`), ...events.map(({ event }) => `event ${event}`)];
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const ONCE = { 'audit lottery.closed': 1, 'audit lottery.drawn': 1, 'audit test.told': 3 };
const TOLD_ONCE = { 'event lottery.closed': 1, 'event lottery.ended': 1 };

onEveryDatabase('lotteries', (open, databases) => {
  test('10,000 entries that come at once by two nodes are one chain, each person once', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    // Two processes would have a connection each.
    const other = databases.kind === 'postgres' ? (await databases.handle(options, 'as it is')).database : database;
    const id = await begin(database, { winners: 100 });
    const [a, b] = [nodeOn(database), nodeOn(other)];
    const all = people(10_000);
    const entered = await Promise.all([
      ...all.slice(0, 6000).map((person) => a.desk.enter(id, person)),
      ...all.slice(4000).map((person) => b.desk.enter(id, person)),
    ]);
    expect(new Set(entered.map(({ n }) => n)).size).toBe(10_000);
    await a.drawer.close(await found(database, id), { actor: 'user:owner' });
    await expect(b.desk.enter(id, { userId: 'late', name: '' })).rejects.toMatchObject({ code: 'lottery_closed' });
    a.drawer.start();
    await expect.poll(() => statusOf(database, id), LONG).toBe('drawn');
    const proof = await proven(database, id);
    expect(proof.entries).toHaveLength(10_000);
    expect(proof.winners).toHaveLength(100);
  });

  test('two nodes draw once, though nothing but the database keeps them apart', async () => {
    const database = await open();
    const id = await begin(database, { endsAt: now() + 86_400_000 });
    const [a, b] = [nodeOn(database), nodeOn(database)];
    await Promise.all(people(20).map((person) => a.desk.enter(id, person)));
    await database.updateTable('lotteries').set({ due_at: 1 }).where('id', '=', id).execute();
    a.drawer.start();
    b.drawer.start();
    await expect.poll(() => statusOf(database, id), LONG).toBe('drawn');
    await Promise.all([a.drawer.stop(), b.drawer.stop()]);
    expect(await deeds(database, id)).toEqual({ ...ONCE, ...TOLD_ONCE });
    await proven(database, id);
  });

  test('killed at any step, it is drawn once', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    const { logger: _, ...plain } = options;
    const { desk, drawer } = nodeOn(database);
    for (const { commit, when, left } of [
      { commit: 1, when: 'before', left: 'open' },
      { commit: 1, when: 'after', left: 'closed' },
      { commit: 2, when: 'before', left: 'closed' },
      { commit: 2, when: 'after', left: 'closed' },
      { commit: 3, when: 'before', left: 'closed' },
      { commit: 3, when: 'after', left: 'drawn' },
    ]) {
      const what = `${when} commit ${commit}`;
      const id = await begin(database, { endsAt: now() + 3_600_000 });
      await Promise.all(people(5).map((person) => desk.enter(id, person)));
      await database.updateTable('lotteries').set({ due_at: 1 }).where('id', '=', id).execute();
      const child = fork(CHILD, [JSON.stringify(plain), String(commit), when], { stdio: 'inherit' });
      onTestFinished(() => void child.kill('SIGKILL'));
      await once(child, 'exit');
      expect(child.signalCode, what).toBe('SIGKILL');
      expect(await statusOf(database, id), what).toBe(left);
      drawer.start();
      await expect.poll(() => statusOf(database, id), LONG).toBe('drawn');
      await drawer.stop();
      expect(await deeds(database, id), what).toEqual({ ...ONCE, ...TOLD_ONCE });
      await proven(database, id);
    }
  }, 180_000);

  test('a room has one open lottery, and the end of its broadcast closes it', async () => {
    const database = await open();
    const id = await begin(database);
    const { drawer, store, desk } = nodeOn(database);
    await desk.enter(id, { userId: 'only', name: '一个人' });
    const row = await found(database, id);
    const second = database
      .transaction()
      .execute((transaction) => store.insert(transaction, { ...row, id: randomUUID() }));
    await expect(second).rejects.toSatisfy(isUniqueViolation);
    drawer.start();
    await database.updateTable('rooms').set({ status: 'ended' }).where('id', '=', row.room_id).execute();
    await expect.poll(() => statusOf(database, id), LONG).toBe('drawn');
    expect((await proven(database, id)).winners).toEqual([{ n: 1, userId: 'only', name: '一个人' }]);
  });
});
