// A day of gifts, refunds, follows, unfollows and viewers: as the platform writes it down, and recomputed in the
// plainest way from what is written.
import { sql } from 'kysely';
import type { Database, Transaction } from '../../src/database/database.ts';
import { jsonRows } from '../../src/database/json-rows.ts';
import type { RankFact } from '../../src/modules/rank/contract.ts';
import { rankFeed } from '../../src/modules/rank/feed.ts';
import type { Period } from '../../src/modules/rank/period.ts';

export const ZONE = 'Asia/Shanghai';
const ZONE_MS = 8 * 3_600_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** In the middle of it a day of Shanghai begins. */
const DAY = Date.parse('2026-11-27T00:00:00Z');
export const NOW = DAY + DAY_MS - 1;
const CHANNELS = 10;
const USERS = 150;
export const users = Array.from({ length: USERS }, (_, n) => `u${String(n).padStart(3, '0')}`);
const [channels, fans] = [users.slice(0, CHANNELS), users.slice(CHANNELS)];

interface Order {
  id: string;
  channel: string;
  sender: string;
  total: number;
  at: number;
}

export type DayEvent =
  | { kind: 'gift'; order: Order }
  | { kind: 'refund'; order: Order }
  | { kind: 'follow' | 'unfollow'; user: string; follower: string; since: number }
  | { kind: 'viewers'; user: string; amount: number; at: number };

/** The same numbers each time: mulberry32. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** In order of time, with many equal scores. */
export function randomDay(count: number): DayEvent[] {
  const random = randomOf(20_261_127);
  const of = (list: readonly string[]): string => list[random(list.length)] ?? '';
  const given: Order[] = [];
  const pairs = new Set<string>();
  const following: { user: string; follower: string; since: number }[] = [];
  return Array.from({ length: count }, (_, n): DayEvent => {
    const at = DAY + Math.floor((n / count) * DAY_MS);
    const chance = random(100);
    if (chance < 5 && given.length > 0) {
      const [order] = given.splice(random(given.length), 1);
      if (order !== undefined) return { kind: 'refund', order };
    }
    if (chance < 10 && following.length > 0) {
      const [pair] = following.splice(random(following.length), 1);
      if (pair !== undefined) return { kind: 'unfollow', ...pair };
    }
    if (chance < 30) {
      const pair = { user: of(users), follower: of(users), since: at };
      const name = `${pair.user} ${pair.follower}`;
      if (pair.user !== pair.follower && !pairs.has(name)) {
        pairs.add(name);
        following.push(pair);
        return { kind: 'follow', ...pair };
      }
    }
    if (chance < 40) return { kind: 'viewers', user: of(users), amount: random(200) + 1, at };
    const total = [1, 1, 5, 10, 100][random(5)] ?? 1;
    const order: Order = { id: `g${n}`, channel: of(channels), sender: of(fans), total, at };
    given.push(order);
    return { kind: 'gift', order };
  });
}

export function factsOf(event: DayEvent): RankFact[] {
  if (event.kind === 'viewers') return [{ board: 'viewers', userId: event.user, amount: event.amount, at: event.at }];
  if (event.kind === 'gift' || event.kind === 'refund') {
    const { channel: channelId, sender, total, at } = event.order;
    const amount = event.kind === 'gift' ? total : -total;
    return [
      { board: 'revenue', userId: channelId, amount, at },
      { board: 'supporters', channelId, roomId: `room-of-${channelId}`, userId: sender, amount, at },
    ];
  }
  const amount = event.kind === 'follow' ? 1 : -1;
  return [{ board: 'followers', userId: event.user, amount, at: event.since }];
}

/** One commit: the books, and beside them what counts. */
export async function writeDown(transaction: Transaction, events: readonly DayEvent[]): Promise<void> {
  const orders = events.flatMap((event) => (event.kind === 'gift' ? [event.order] : []));
  const refunded = events.flatMap((event) => (event.kind === 'refund' ? [event.order] : []));
  const follows = events.filter(({ kind }) => kind === 'follow');
  const unfollows = events.filter(({ kind }) => kind === 'unfollow');
  await sql`insert into gift_orders (id, room_id, channel_id, sender_id, receiver_id, gift_id, name_zh, name_en, icon,
      price, effect, count, total, share, combo_id, combo_count, transfer_id, idem_key, at)
    select value->>'id', 'room-of-' || (value->>'channel'), value->>'channel', value->>'sender', value->>'channel',
      'rose', '花', 'Rose', 'rose', 1, 'none', 1, cast(value->>'total' as bigint), 0, '', 1, value->>'id', value->>'id',
      cast(value->>'at' as bigint)
    from ${jsonRows(transaction, orders)}`.execute(transaction);
  await sql`update gift_orders set refunded_at = ${NOW}
    where id in (select value->>'id' from ${jsonRows(transaction, refunded)})`.execute(transaction);
  await sql`insert into follows (user_id, follower_id, created_at)
    select value->>'user', value->>'follower', cast(value->>'since' as bigint)
    from ${jsonRows(transaction, follows)}`.execute(transaction);
  await sql`delete from follows where (user_id, follower_id) in
    (select value->>'user', value->>'follower' from ${jsonRows(transaction, unfollows)})`.execute(transaction);
  await rankFeed.add(transaction, events.flatMap(factsOf));
}

/** Facts as the books say them; of viewers there is no book. */
export async function factsOfBooks(database: Database): Promise<RankFact[]> {
  const orders = await database
    .selectFrom('gift_orders')
    .select(['id', 'channel_id', 'sender_id', 'total', 'at', 'refunded_at'])
    .execute();
  const follows = await database.selectFrom('follows').selectAll().execute();
  const gifts = orders.flatMap(({ id, channel_id: channel, sender_id: sender, total, at, refunded_at }) => {
    const order = { id, channel, sender, total, at };
    const given = factsOf({ kind: 'gift', order });
    return refunded_at === null ? given : [...given, ...factsOf({ kind: 'refund', order })];
  });
  const followed = follows.flatMap(({ user_id: user, follower_id: follower, created_at: since }) =>
    factsOf({ kind: 'follow', user, follower, since }),
  );
  return [...gifts, ...followed];
}

export interface Wanted {
  board: RankFact['board'];
  /** Left out, all of the platform. */
  scope?: { channelId: string } | { roomId: string };
  period: Period;
}

const LENGTHS = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS, all: Infinity };
/** The epoch was a Thursday; weeks begin with Monday. */
const MONDAY_MS = 3 * DAY_MS;

/** When the period of a moment began, in Shanghai, where no clock was ever changed since the epoch's first years. */
export function startOf(period: Period, at: number): number {
  if (period === 'all') return 0;
  const shiftMs = ZONE_MS + (period === 'week' ? MONDAY_MS : 0);
  return Math.floor((at + shiftMs) / LENGTHS[period]) * LENGTHS[period] - shiftMs;
}

/** The first ones: account, score, and when it was reached. */
export function recompute(
  facts: readonly RankFact[],
  { board, scope, period }: Wanted,
  limit = 100,
): [string, number, number][] {
  const start = startOf(period, NOW);
  const scores = new Map<string, { score: number; reachedAt: number }>();
  for (const fact of facts) {
    if (fact.board !== board || startOf(period, fact.at) !== start) continue;
    if (scope !== undefined && !Object.entries(scope).every(([key, value]) => fact[key as 'roomId'] === value))
      continue;
    const known = scores.get(fact.userId) ?? { score: 0, reachedAt: 0 };
    if (board !== 'viewers') {
      known.score += fact.amount;
      if (fact.amount > 0) known.reachedAt = Math.max(known.reachedAt, fact.at);
    } else if (fact.amount > known.score) Object.assign(known, { score: fact.amount, reachedAt: fact.at });
    else if (fact.amount === known.score) known.reachedAt = Math.min(known.reachedAt, fact.at);
    scores.set(fact.userId, known);
  }
  return [...scores]
    .filter(([, { score }]) => score > 0)
    .toSorted(([a, x], [b, y]) => y.score - x.score || x.reachedAt - y.reachedAt || (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([userId, { score, reachedAt }]) => [userId, score, reachedAt]);
}
