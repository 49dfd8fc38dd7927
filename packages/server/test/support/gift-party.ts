import { randomUUID } from 'node:crypto';
import type { Config } from '../../src/app/config.ts';
import type { Database } from '../../src/database/database.ts';
import type { GiftAnswer } from '../../src/modules/interact/gift/contract.ts';
import type { LedgerAccount } from '../../src/modules/wallet/contract.ts';
import { LedgerBooks } from '../../src/modules/wallet/ledger.ts';
import { startTest, type Answer, type OwnedRoom, type TestKaibo } from '../harness.ts';
import { People, type Person } from '../rooms-people.ts';

/** A platform with a streamer, a room of theirs, and people with coins. */
export interface Party extends Omit<TestKaibo, 'room'> {
  people: People;
  database: Database;
  streamer: Person;
  admin: Person;
  room: OwnedRoom;
  wait(ms: number): void;
  rich(id: string, coins: number): Promise<Person>;
  give(who: Person, body: object, options?: { key?: string; roomId?: string }): Promise<Answer>;
  refund(order: { id: string }): Promise<Answer>;
  balance(account: LedgerAccount): Promise<number>;
}

interface PartyOptions {
  database: Database;
  change?: (config: Config) => void;
  people?: People;
}

export async function startParty({ database, change = () => {}, people = new People() }: PartyOptions): Promise<Party> {
  let nowMs = Date.now();
  const kaibo = await startTest({
    ...{ database, authenticator: people, users: people },
    now: () => nowMs,
    change: (config) => {
      config.limits.writePerMinute = 100_000;
      config.access = 'open';
      change(config);
    },
  });
  const [streamer, admin] = [people.add('streamer'), people.add('admin', 'admin')];
  const room = await kaibo.create({}, streamer.headers);
  const books = new LedgerBooks(database, Date.now);
  return {
    ...kaibo,
    ...{ people, database, streamer, admin, room },
    wait: (ms) => void (nowMs += ms),
    rich: async (id, coins) => {
      await credit(database, id, coins);
      return people.add(id);
    },
    give: ({ headers }, body, { key = randomUUID(), roomId = room.id } = {}) =>
      kaibo.call(`/api/rooms/${roomId}/gifts`, {
        method: 'POST',
        body,
        headers: { ...headers, ...(key === '' ? {} : { 'idempotency-key': key }) },
      }),
    refund: ({ id }) =>
      kaibo.call(`/api/admin/gifts/orders/${id}/refund`, {
        method: 'POST',
        body: { note: 'mistake' },
        headers: admin.headers,
      }),
    balance: (account) => books.balanceOf(account),
  };
}

export async function credit(database: Database, id: string, coins: number): Promise<void> {
  const books = new LedgerBooks(database, Date.now);
  await database.transaction().execute((transaction) =>
    books.post(transaction, {
      ...{ kind: 'credit', key: `credit:test:${randomUUID()}`, actor: 'operator', details: {} },
      entries: [
        { account: 'mint', amount: -coins },
        { account: `user:${id}`, amount: coins },
      ],
    }),
  );
}

/** Takes from what the streamer earned, and from the platform's part. */
export async function payOut(database: Database, id: string, revenue: number, house = 0): Promise<void> {
  const books = new LedgerBooks(database, Date.now);
  await database.transaction().execute((transaction) =>
    books.post(transaction, {
      ...{ kind: 'payout', key: `payout:test:${randomUUID()}`, actor: 'operator', details: {} },
      entries: [
        { account: `revenue:${id}`, amount: -revenue },
        { account: 'house', amount: -house },
        { account: 'payouts', amount: revenue + house },
      ],
    }),
  );
}

export const gift = (answer: Answer): GiftAnswer => answer.body as unknown as GiftAnswer;

/** `409 insufficient_balance` */
export async function refusal(answer: Promise<Answer>): Promise<string> {
  const { status, body } = await answer;
  return `${status} ${body.code ?? ''}`;
}
