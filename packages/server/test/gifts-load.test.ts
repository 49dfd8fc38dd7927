// A hundred people who give gifts through the API: some twice at once, some beyond what they have, on one node and on two.
// GIFTS_EACH=100 gives a hundred each, which is minutes on a machine that does other things; the ledger's own test does
// as many without HTTP each time.
import { Agent, request as httpRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Database } from '../src/database/database.ts';
import { LedgerBooks } from '../src/modules/wallet/ledger.ts';
import { verifyBooks } from '../src/modules/wallet/index.ts';
import { RedisStateCenter } from '../src/state/redis/index.ts';
import { startTest, tempFolder, type TestKaibo } from './harness.ts';
import { People } from './rooms-people.ts';
import { onDatabase } from './support/databases.ts';
import { RedisServer } from './support/redis-server.ts';

const SENDERS = 100;
const EACH = Number(process.env['GIFTS_EACH'] ?? 2);
/** Of these gifts, at 5 coins, so many can be paid for. */
const AFFORDABLE = Math.max(1, Math.floor(EACH * 0.9));
const PRICE = 5;
/** Every so many requests is sent twice at the same time. */
const TWICE_EVERY = 4;
/** Of what waited for too long. */
const ATTEMPTS = 100;
vi.setConfig({ testTimeout: 180_000 * Math.max(1, EACH / 10) });

const logger = pino({ level: 'silent' });

interface Answered {
  status: number;
  code?: string;
  id?: string;
}

/**
 * A plain client with connections that stay, for fetch takes more of this machine than the server does. What the server
 * had no time for (503) it sends again with the same key; a connection that breaks is a fault.
 */
function senderOf(base: string, headers: Record<string, string>, agent: Agent) {
  const once = (path: string, key: string): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(base + path, {
        ...{ method: 'POST', agent },
        headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': key },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        json(response).then((answer) => {
          const { code, id } = answer as { code?: string; id?: string };
          resolve({ status: response.statusCode ?? 0, code, id });
        }, reject);
      });
      sent.end(JSON.stringify({ giftId: 'rose' }));
    });
  return async (path: string, key: string): Promise<Answered> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await once(path, key);
      if (answer.code !== 'overloaded' || attempt === ATTEMPTS) return answer;
    }
  };
}

/** Everybody gives, one gift after the other, by the nodes in turn. */
async function giveAll(nodes: readonly TestKaibo[], { people, roomId }: { people: People; roomId: string }) {
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  onTestFinished(() => agent.destroy());
  const answers = new Map<string, Answered[]>();
  const path = `/api/rooms/${roomId}/gifts`;
  const one = async (n: number): Promise<void> => {
    const { headers, id } = people.add(`fan${n}`);
    const senders = nodes.map(({ base }) => senderOf(base, headers, agent));
    for (let gift = 0; gift < EACH; gift++) {
      const key = `${id}-gift-${gift}`;
      const times = gift % TWICE_EVERY === n % TWICE_EVERY ? [0, 1] : [0];
      const given = times.map(async (time) => {
        const send = senders[(n + gift + time) % senders.length];
        if (send === undefined) throw new Error('there is no node');
        return send(path, key);
      });
      answers.set(key, await Promise.all(given));
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, (_, n) => one(n)));
  return answers;
}

async function fillWallets(database: Database): Promise<void> {
  const books = new LedgerBooks(database, Date.now);
  await database.transaction().execute(async (transaction) => {
    for (let n = 0; n < SENDERS; n++)
      await books.post(transaction, {
        ...{ kind: 'credit', key: `credit:test:fan${n}`, actor: 'operator', details: {} },
        entries: [
          { account: 'mint', amount: -AFFORDABLE * PRICE },
          { account: `user:fan${n}`, amount: AFFORDABLE * PRICE },
        ],
      });
  });
}

async function assertGiven(database: Database, answers: ReadonlyMap<string, Answered[]>): Promise<void> {
  const taken = [...answers.values()].filter(([first]) => first?.status === 201);
  const refused = [...answers.values()].filter(([first]) => first?.status !== 201);
  for (const answer of refused.flat()) expect(answer).toMatchObject({ status: 409, code: 'insufficient_balance' });
  expect(taken).toHaveLength(SENDERS * AFFORDABLE);
  for (const twice of taken) expect(new Set(twice.map(({ id, status }) => `${id} ${status}`)).size).toBe(1);
  const orders = await database.selectFrom('gift_orders').selectAll().execute();
  expect(new Set(orders.map(({ id }) => id))).toEqual(new Set(taken.map(([first]) => first?.id)));
  expect((await verifyBooks(database)).differences).toEqual([]);
  const books = new LedgerBooks(database, Date.now);
  const all = SENDERS * AFFORDABLE * PRICE;
  const share = Math.floor(PRICE / 2) * SENDERS * AFFORDABLE;
  expect(await books.balanceOf('revenue:streamer')).toBe(share);
  expect(await books.balanceOf('house')).toBe(all - share);
  expect(await books.balanceOf('user:fan7')).toBe(0);
  assertCombos(orders);
  const combos = await database.selectFrom('gift_combos').select(['pieces', 'coins']).execute();
  expect(combos).toEqual(Array.from({ length: SENDERS }, () => ({ pieces: AFFORDABLE, coins: AFFORDABLE * PRICE })));
}

/** Of each combo the counts are 1, 2, 3 …, none missing and none twice. */
function assertCombos(orders: readonly { combo_id: string; combo_count: number }[]): void {
  const counts = Map.groupBy(orders, ({ combo_id: id }) => id);
  for (const combo of counts.values()) {
    const sorted = combo.map(({ combo_count: count }) => count).toSorted((one, other) => one - other);
    expect(sorted).toEqual(sorted.map((_, n) => n + 1));
  }
}

const QUIET = (people: People) =>
  ({
    ...{ authenticator: people, users: people },
    change: (config) => {
      config.limits.writePerMinute = 1_000_000;
      config.log.level = 'silent';
    },
  }) satisfies Parameters<typeof startTest>[0];

onDatabase('sqlite', 'a hundred people give gifts at once', (open) => {
  test('each once, none unpaid, all combos exact', async () => {
    const [database, people] = [await open(), new People()];
    const node = await startTest({ ...QUIET(people), database });
    const room = await node.create({}, people.add('streamer').headers);
    await fillWallets(database);
    await assertGiven(database, await giveAll([node], { people, roomId: room.id }));
  });
});

onDatabase('postgres', 'a hundred people give gifts at once, by two nodes', (_open, databases) => {
  test('each once, none unpaid, all combos exact', async () => {
    const people = new People();
    const redis = await RedisServer.start();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    const options = await databases.options();
    const folders = [tempFolder(), tempFolder()] as const;
    const start = async (dataDir: string): Promise<TestKaibo> => {
      const { database } = await databases.handle(options);
      const state = await RedisStateCenter.connect({ url: redis.url, prefix: 'test', historySize: 100, logger });
      onTestFinished(() => state.close());
      return startTest({ ...QUIET(people), database, state, dataDir });
    };
    const first = await start(folders[0]);
    copyFileSync(join(folders[0], 'signing.key'), join(folders[1], 'signing.key'));
    const nodes = [first, await start(folders[1])];
    const room = await first.create({}, people.add('streamer').headers);
    const { database } = await databases.handle(options);
    await fillWallets(database);
    await assertGiven(database, await giveAll(nodes, { people, roomId: room.id }));
  });
});
