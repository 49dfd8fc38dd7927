import { codeOf } from '../../database/errors.ts';
import type { Database, Transaction } from '../../database/database.ts';
import type { PeriodStarts, RankFact } from './contract.ts';
import { countAlone } from './lock.ts';
import { applyFacts } from './scores.ts';

/** Rows read at one time. */
const PAGE = 2000;
/** Somebody's account went meanwhile, or the like: begun anew, this often. */
const TRIES = 10;
/** `serialization_failure` and `deadlock_detected`. */
const AGAIN = new Set(['40001', '40P01']);

export interface Rebuilt {
  gifts: number;
  follows: number;
  rooms: number;
}

/**
 * Counts anew from the books: gifts, follows and the peaks of rooms. One transaction that sees one moment: what counts
 * is written beside it as ever, is counted when it is done, and nothing counts twice. On SQLite nothing else is written
 * while it runs. How many watched in an hour that is over stands
 * nowhere else, so viewers only gain.
 */
export async function rebuildRankings(database: Database, calendar: PeriodStarts): Promise<Rebuilt> {
  for (let tried = 1; ; tried++) {
    try {
      return await database
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute((transaction) => recount(transaction, calendar));
    } catch (error) {
      if (tried === TRIES || !AGAIN.has(codeOf(error))) throw error;
    }
  }
}

async function recount(transaction: Transaction, calendar: PeriodStarts): Promise<Rebuilt> {
  await countAlone(transaction);
  await transaction.deleteFrom('rank_feed').where('board', '<>', 'viewers').execute();
  await transaction.deleteFrom('rank_scores').where('board', '<>', 'viewers').execute();
  const apply = async (facts: readonly RankFact[]): Promise<void> =>
    void (await applyFacts(transaction, facts, calendar));
  return {
    gifts: await recountGifts(transaction, apply),
    follows: await recountFollows(transaction, apply),
    rooms: await recountRooms(transaction, apply),
  };
}

type Apply = (facts: readonly RankFact[]) => Promise<void>;

async function recountGifts(transaction: Transaction, apply: Apply): Promise<number> {
  let total = 0;
  for (let after = ''; ;) {
    const orders = await transaction
      .selectFrom('gift_orders')
      .select(['id', 'room_id', 'channel_id', 'sender_id', 'receiver_id', 'total', 'at', 'refunded_at'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    await apply(orders.flatMap(giftFacts));
    total += orders.length;
    after = orders.at(-1)?.id ?? after;
    if (orders.length < PAGE) return total;
  }
}

/** A gift that was given back counts for nothing, but as when it was counted it says when the rest was reached. */
function giftFacts(order: {
  room_id: string;
  channel_id: string;
  sender_id: string;
  receiver_id: string;
  total: number;
  at: number;
  refunded_at: number | null;
}): RankFact[] {
  const { room_id: roomId, channel_id: channelId, sender_id, receiver_id, total: amount, at, refunded_at } = order;
  const facts: RankFact[] = [
    { board: 'revenue', userId: receiver_id, amount, at },
    { board: 'supporters', channelId, roomId, userId: sender_id, amount, at },
  ];
  return refunded_at === null ? facts : [...facts, ...facts.map((fact) => ({ ...fact, amount: -amount }))];
}

async function recountFollows(transaction: Transaction, apply: Apply): Promise<number> {
  let total = 0;
  for (let [user, follower] = ['', '']; ;) {
    const rows = await transaction
      .selectFrom('follows')
      .select(['user_id', 'follower_id', 'created_at'])
      .where(({ eb, or, and }) =>
        or([eb('user_id', '>', user), and([eb('user_id', '=', user), eb('follower_id', '>', follower)])]),
      )
      .orderBy('user_id')
      .orderBy('follower_id')
      .limit(PAGE)
      .execute();
    await apply(
      rows.map(({ user_id, created_at }) => ({ board: 'followers', userId: user_id, amount: 1, at: created_at })),
    );
    total += rows.length;
    ({ user_id: user, follower_id: follower } = rows.at(-1) ?? { user_id: user, follower_id: follower });
    if (rows.length < PAGE) return total;
  }
}

async function recountRooms(transaction: Transaction, apply: Apply): Promise<number> {
  const rows = await transaction
    .selectFrom('rooms')
    .select(['user_id', 'start_time'])
    .select(({ fn }) => fn.max<number>('peak_viewers').as('peak'))
    .where('user_id', 'is not', null)
    .where('is_private', '=', 0)
    .where('start_time', 'is not', null)
    .where('peak_viewers', '>', 0)
    .groupBy(['user_id', 'start_time'])
    .execute();
  const facts = rows.flatMap(({ user_id: userId, start_time: at, peak }): RankFact[] =>
    userId === null || at === null ? [] : [{ board: 'viewers', userId, amount: Number(peak), at }],
  );
  for (let from = 0; from < facts.length; from += PAGE) await apply(facts.slice(from, from + PAGE));
  return facts.length;
}
