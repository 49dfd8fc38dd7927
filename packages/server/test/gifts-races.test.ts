// What happens between the look and the order, at the bounds, and while others wait.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import type { UserFacts } from '../src/modules/user/contract.ts';
import { LedgerBooks } from '../src/modules/wallet/ledger.ts';
import { verifyBooks } from '../src/modules/wallet/index.ts';
import { connect, type Answer, type TestSocket } from './harness.ts';
import { People, type Person } from './rooms-people.ts';
import { onDatabase, onEveryDatabase } from './support/databases.ts';
import { credit, gift, payOut, refusal, startParty, type Party } from './support/gift-party.ts';
import { insertUsers, userRow } from './support/user-rows.ts';

/** Accounts that are found late: the last that a gift looks at before its order. */
class LatePeople extends People {
  #late: { reached: () => void; goOn: Promise<void> } | undefined;

  /** The next look waits until what is returned is called; `reached` resolves when somebody waits. */
  holdNext(): { reached: Promise<void>; goOn: () => void } {
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#late = { reached: reached.resolve, goOn: goOn.promise };
    return { reached: reached.promise, goOn: goOn.resolve };
  }

  override async findMany(userIds: readonly string[]): Promise<Map<string, UserFacts>> {
    const found = await super.findMany(userIds);
    const late = this.#late;
    this.#late = undefined;
    late?.reached();
    await late?.goOn;
    return found;
  }
}

/** Gives, and does something after everything was looked at and before the order is written. */
async function giveMeanwhile(
  { give, people }: Omit<Party, 'people'> & { people: LatePeople },
  fan: Person,
  meanwhile: () => Promise<unknown>,
): Promise<string> {
  const { reached, goOn } = people.holdNext();
  const answer = give(fan, { giftId: 'rose', price: 5 });
  await reached;
  await meanwhile();
  goOn();
  return refusal(answer);
}

async function listen(base: string, { headers }: Person): Promise<TestSocket> {
  const socket = await connect(base, { headers });
  socket.send({ type: 'subscribe', channel: 'user' });
  await socket.next(({ type }) => type === 'snapshot');
  return socket;
}

/** What the account's own channel said of its coins, in order. */
const toldOf = ({ messages }: TestSocket): unknown[] =>
  messages.filter(({ event }) => event === 'wallet.changed').map(({ data }) => data);

onEveryDatabase('a gift', (open) => {
  test('is refused when its room, price or the gift itself went between the look and the order', async () => {
    const people = new LatePeople();
    const party = { ...(await startParty({ database: await open(), people })), people };
    const { call, admin, room, streamer, balance, database } = party;
    const fan = await party.rich('fan', 100);
    const change = (id: string, body: object) =>
      call(`/api/admin/gifts/${id}`, { method: 'PUT', body, headers: admin.headers });
    expect(await giveMeanwhile(party, fan, () => change('rose', { price: 6 }))).toBe('409 gift_price_changed');
    await change('rose', { price: 5 });
    expect(await giveMeanwhile(party, fan, () => change('rose', { enabled: false }))).toBe('404 gift_not_found');
    await change('rose', { enabled: true });
    // The account of a streamer closes after its rooms, so this is what is seen of that, too.
    const close = async (): Promise<void> => {
      await call(`/api/rooms/${room.id}/close`, { method: 'POST', headers: streamer.headers });
      people.remove('streamer');
    };
    expect(await giveMeanwhile(party, fan, close)).toBe('409 room_ended');
    expect([await balance('user:fan'), await balance('revenue:streamer')]).toEqual([100, 0]);
    expect(await database.selectFrom('gift_orders').select('id').execute()).toEqual([]);
    expect(await database.selectFrom('gift_combos').select('gift_id').execute()).toEqual([]);
  });

  test('of the most there can be is exact; keys are each sender’s own; numbers that are none are refused', async () => {
    const { call, admin, rich, give, balance, database, refund } = await startParty({ database: await open() });
    const [fan, other] = [await rich('fan', 1e12), await rich('other', 10)];
    const planet = { id: 'planet', name: { zh: '行星', en: 'Planet' }, icon: 'ringed-planet', price: 100_000_000 };
    const create = (body: object) => call('/api/admin/gifts', { method: 'POST', body, headers: admin.headers });
    expect((await create({ ...planet, price: planet.price + 1 })).status).toBe(400);
    expect((await create(planet)).status).toBe(201);
    const total = 9999 * 100_000_000;
    const sent = await give(fan, { giftId: 'planet', count: 9999 });
    expect(sent).toMatchObject({ status: 201, body: { total, balance: 1e12 - total, combo: { count: 9999 } } });
    expect(await balance('revenue:streamer')).toBe(total / 2);
    expect(await refusal(give(fan, { giftId: 'planet', count: 9999 }))).toBe('409 insufficient_balance');
    expect((await refund(gift(sent))).status).toBe(200);
    expect(await balance('user:fan')).toBe(1e12);
    for (const count of [-1, 0, 1.5, 10_000, 1e20, '2', '2; drop table gifts', null, [1], { valueOf: 1 }])
      expect(await refusal(give(fan, { giftId: 'rose', count })), String(count)).toBe('400 invalid_request');
    const key = 'the-same-key-of-two';
    const [mine, theirs] = [
      await give(fan, { giftId: 'rose' }, { key }),
      await give(other, { giftId: 'rose' }, { key }),
    ];
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(gift(theirs).id).not.toBe(gift(mine).id);
    // What was refused leaves its key free.
    const later = 'refused-at-first';
    expect(await refusal(give(other, { giftId: 'rose', count: 2 }, { key: later }))).toBe('409 insufficient_balance');
    await credit(database, 'other', 5);
    expect(await give(other, { giftId: 'rose', count: 2 }, { key: later })).toMatchObject({ body: { balance: 0 } });
    expect((await verifyBooks(database)).differences).toEqual([]);
  });

  test('and its refund tell both people what they have now, also when it was paid out before', async () => {
    const { rich, give, refund, base, streamer, database, balance } = await startParty({ database: await open() });
    const fan = await rich('fan', 100);
    const [ofFan, ofStreamer] = [await listen(base, fan), await listen(base, streamer)];
    const [one, two] = [gift(await give(fan, { giftId: 'cake' })), gift(await give(fan, { giftId: 'rose' }))];
    await payOut(database, 'streamer', 27);
    await refund(one);
    await refund(one);
    await refund(two);
    const spendable = [48, 43, 95, 100].map((left) => ({ account: 'spendable', balance: left }));
    await expect.poll(() => toldOf(ofFan), { timeout: 20_000 }).toEqual(spendable);
    // The first refund takes the one coin that is left; nothing is there for the second.
    const revenue = [26, 28, 0].map((left) => ({ account: 'revenue', balance: left }));
    await expect.poll(() => toldOf(ofStreamer), { timeout: 20_000 }).toEqual(revenue);
    expect([await balance('house'), await balance('mint')]).toEqual([0, -127]);
    expect((await verifyBooks(database)).differences).toEqual([]);
  });

  test('given while others are refunded leaves exact combos and right books', async () => {
    const { rich, give, refund, database } = await startParty({ database: await open() });
    const fan = await rich('fan', 1000);
    const first = await Promise.all(Array.from({ length: 10 }, async () => gift(await give(fan, { giftId: 'rose' }))));
    const answers = await Promise.all(
      first.flatMap((order) => [give(fan, { giftId: 'rose' }), refund(order), refund(order)]),
    );
    expect(answers.map(({ status }) => status)).toEqual(first.flatMap(() => [201, 200, 200]));
    expect(await database.selectFrom('gift_combos').select(['pieces', 'coins']).execute()).toEqual([
      { pieces: 10, coins: 50 },
    ]);
    expect((await verifyBooks(database)).differences).toEqual([]);
  });

  test('shows who its sender is: a moderator, a fan, the first of the supporters', async () => {
    const database = await open();
    const { rich, give, call, room, streamer, wait, people } = await startParty({ database });
    // Lists name accounts that are there.
    await insertUsers(database, userRow('fan'));
    const fan = await rich('fan', 10_000);
    expect(gift(await give(fan, { giftId: 'crown' })).sender).not.toHaveProperty('badge');
    const path = `/api/rooms/${room.id}/moderators/fan`;
    expect((await call(path, { method: 'PUT', headers: streamer.headers })).status).toBe(200);
    // What badges know is kept for a moment, by the platform's clock.
    const badge = async (who: Person): Promise<unknown> => {
      wait(10_000);
      return gift(await give(who, { giftId: 'heart' })).sender.badge;
    };
    await expect
      .poll(() => badge(fan), { timeout: 20_000, interval: 200 })
      .toMatchObject({ role: 'moderator', level: expect.any(Number), supporter: 1 });
    await rich('boss', 100);
    expect(await badge(people.add('boss', 'admin'))).toMatchObject({ role: 'admin' });
  });
});

onDatabase('postgres', 'gifts that wait for one streamer', (_open, databases) => {
  test('leave the database to everybody else, and are given once they can', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    const party = await startParty({ database });
    const { rich, give, call, room } = party;
    const fans = await Promise.all(Array.from({ length: 30 }, (_, n) => rich(`fan${n}`, 100)));
    const [first] = fans;
    if (first === undefined) throw new Error('nobody gives');
    await give(first, { giftId: 'rose' });
    const other = await databases.handle(options, 'as it is');
    const books = new LedgerBooks(other.database, Date.now);
    const [held, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    onTestFinished(() => release.resolve());
    const holding = other.database.transaction().execute(async (transaction) => {
      await books.lockBalance(transaction, 'revenue:streamer');
      held.resolve();
      await release.promise;
    });
    await held.promise;
    const given: Promise<Answer>[] = fans.map((fan) => give(fan, { giftId: 'rose' }, { key: randomUUID() }));
    const waiting = sql<{ count: number }>`select count(*) as count from pg_locks where not granted`;
    await expect
      .poll(async () => (await waiting.execute(other.database)).rows[0]?.count, { timeout: 10_000 })
      .toBeGreaterThan(0);
    for (let n = 0; n < 10; n++) expect((await call(`/api/rooms/${room.id}/gifts`)).status).toBe(200);
    release.resolve();
    await holding;
    expect((await Promise.all(given)).map(({ status }) => status)).toEqual(fans.map(() => 201));
  });
});
