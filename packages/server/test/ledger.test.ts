// Money under load: every way to lose or double it that a program has, on both databases.
import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Database, DatabaseOptions } from '../src/database/database.ts';
import { verifyBooks } from '../src/modules/wallet/index.ts';
import { onDatabase, onEveryDatabase } from './support/databases.ts';
import { attemptsOf, fillWallets, giveAll, type Part } from './support/senders.ts';

const CHILD = join(import.meta.dirname, 'support/ledger-child.ts');
const EACH = 100;
/** Of those that are killed, and have to come to an end once more. */
const EACH_OF_KILLED = 10;
/** Two nodes are killed in each. */
const ROUNDS = 10;
const LIFE_MS = 250;

/** Sums to zero, nobody below zero, each key once, and nobody refused who could have paid. Answers the keys. */
async function assertBooks(database: Database): Promise<Set<string>> {
  expect((await verifyBooks(database)).differences).toEqual([]);
  const entries = await database.selectFrom('ledger_entries').select(['transfer_id', 'account_id', 'amount']).execute();
  expect(entries.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
  const transfers = await database.selectFrom('ledger_transfers').select(['id', 'idem_key', 'kind']).execute();
  const gifts = transfers.filter(({ kind }) => kind === 'debit');
  const keys = new Set(gifts.map(({ idem_key: key }) => key));
  expect(keys.size).toBe(gifts.length);
  const balances = new Map<string, number>();
  for (const { account_id: id, amount } of entries) balances.set(id, (balances.get(id) ?? 0) + amount);
  const negative = [...balances].filter(([id, balance]) => balance < 0 && id !== 'mint');
  expect(negative).toEqual([]);
  return keys;
}

/** Once everything was tried to its end: balances only fell, so whoever was refused has too little now, too. */
async function assertNothingLost(database: Database, keys: ReadonlySet<string>, each: number): Promise<void> {
  const rows = await database.selectFrom('ledger_accounts').select(['id', 'balance']).execute();
  const balances = new Map(rows.map(({ id, balance }) => [id, balance]));
  const attempts = attemptsOf(each);
  const lost = attempts.filter(
    ({ key, sender, amount }) => !keys.has(key) && amount <= (balances.get(`user:${sender}`) ?? 0),
  );
  expect(lost).toEqual([]);
  expect(keys.size).toBeGreaterThan(attempts.length / 4);
  expect(keys.size).toBeLessThan(attempts.length);
}

interface Node {
  child: ChildProcess;
  /** What it said to be committed, so far. */
  keys: Set<string>;
  /** When it has tried everything, or is dead. */
  ended: Promise<unknown>;
}

async function startNode({ logger: _, ...options }: DatabaseOptions, part: Part): Promise<Node> {
  const child = fork(CHILD, [JSON.stringify(options), JSON.stringify(part)], { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const keys = new Set<string>();
  const started = Promise.withResolvers<void>();
  const ended = once(child, 'exit');
  child.on('message', (message: { started?: true; key?: string }) => {
    if (message.started === true) started.resolve();
    if (message.key !== undefined) keys.add(message.key);
  });
  void ended.then(() => started.reject(new Error('the node ended before it started')));
  await started.promise;
  return { child, keys, ended };
}

onDatabase('sqlite', 'a hundred senders with a hundred transfers each', (_open, databases) => {
  test('sum to zero, overdraw nobody, and happen once', async () => {
    const { database } = await databases.handle(await databases.options());
    await fillWallets(database, EACH);
    const said = new Set<string>();
    await giveAll(database, { each: EACH, from: 0, share: 'all', done: (key) => said.add(key) });
    const keys = await assertBooks(database);
    expect(keys).toEqual(said);
    await assertNothingLost(database, keys, EACH);
  }, 600_000);
});

onDatabase('postgres', 'a hundred senders with a hundred transfers each, by two nodes at once', (_open, databases) => {
  test('sum to zero, overdraw nobody, and happen once', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    await fillWallets(database, EACH);
    const shares = ['first', 'second'] as const;
    const nodes = await Promise.all(shares.map((share) => startNode(options, { each: EACH, from: 0, share })));
    await Promise.all(nodes.map(({ ended }) => ended));
    expect(nodes.map(({ child }) => child.exitCode)).toEqual([0, 0]);
    const keys = await assertBooks(database);
    expect(keys).toEqual(new Set(nodes.flatMap((node) => [...node.keys])));
    await assertNothingLost(database, keys, EACH);
  }, 600_000);
});

onEveryDatabase('two nodes', (_open, databases) => {
  test('killed in the middle again and again lose and double nothing', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    const each = EACH_OF_KILLED;
    await fillWallets(database, each);
    const said = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const from = (round * attemptsOf(each).length) / ROUNDS;
      const nodes = await Promise.all(
        [0, 1].map((n) => startNode(options, { each, from: from + n * 50, share: 'all' })),
      );
      await Promise.all(
        nodes.map(async ({ child, keys, ended }) => {
          await delay(randomInt(LIFE_MS));
          child.kill('SIGKILL');
          await ended;
          for (const key of keys) said.add(key);
        }),
      );
      const keys = await assertBooks(database);
      expect([...said].filter((key) => !keys.has(key))).toEqual([]);
    }
    await giveAll(database, { each, from: 0, share: 'all', done: (key) => said.add(key) });
    const keys = await assertBooks(database);
    expect(keys).toEqual(said);
    await assertNothingLost(database, keys, each);
  }, 600_000);
});
