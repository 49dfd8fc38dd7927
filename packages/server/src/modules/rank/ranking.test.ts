import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import { connectDatabase, type Database } from '../../database/database.ts';
import { Projector } from '../../database/projector.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import type { RankEntry, RankFact } from './contract.ts';
import { countBatch } from './counting.ts';
import { rankFeed } from './feed.ts';
import { Calendar, PERIODS, type Period } from './period.ts';
import { channelScope, roomScope } from './scores.ts';
import { RankStore } from './store.ts';

const EVENTS = 50_000;
const USERS = 150;
const DAY_MS = 86_400_000;
/** Events of one commit. */
const COMMIT = 250;
const DAY = Date.parse('2026-11-27T00:00:00Z');
const NOW = DAY + DAY_MS - 1;
const calendar = new Calendar('Asia/Shanghai');
const users = Array.from({ length: USERS }, (_, n) => `u${String(n).padStart(3, '0')}`);

/** The same numbers each time: mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A day of gifts, some of them given back later, of follows and unfollows, and of viewers; with many equal scores. */
function randomDay(): RankFact[][] {
  const random = randomOf(20_261_127);
  const events: RankFact[][] = [];
  const given: RankFact[][] = [];
  const someone = (): string => users[random(USERS)] ?? '';
  for (let n = 0; n < EVENTS; n++) {
    const at = DAY + Math.floor((n / EVENTS) * DAY_MS);
    const [kind, userId] = [random(100), someone()];
    if (kind < 60) {
      const channelId = `u${String(random(10)).padStart(3, '0')}`;
      const amount = [1, 1, 5, 10, 100][random(5)] ?? 1;
      const gift: RankFact[] = [
        { board: 'revenue', userId: channelId, amount, at },
        { board: 'supporters', channelId, roomId: `room-of-${channelId}`, userId, amount, at },
      ];
      given.push(gift);
      events.push(gift);
    } else if (kind < 65 && given.length > 0) {
      const [refunded = []] = given.splice(random(given.length), 1);
      events.push(refunded.map((fact) => ({ ...fact, amount: -fact.amount })));
    } else if (kind < 90) {
      const amount = random(4) === 0 ? -1 : 1;
      events.push([{ board: 'followers', userId, amount, at: amount === 1 ? at : DAY + random(at - DAY + 1) }]);
    } else events.push([{ board: 'viewers', userId, amount: random(200) + 1, at }]);
  }
  return events;
}

interface Wanted {
  board: RankFact['board'];
  /** Left out, all of the platform. */
  scope?: { channelId: string } | { roomId: string };
  period: Period;
}

/** What the ranking has to be, from the facts themselves, in the plainest way. */
function recompute(
  facts: readonly RankFact[],
  { board, scope, period }: Wanted,
): Omit<RankEntry, 'username' | 'name'>[] {
  const start = calendar.startsAt(NOW)[period];
  const scores = new Map<string, { score: number; reachedAt: number }>();
  for (const fact of facts) {
    if (fact.board !== board || calendar.startsAt(fact.at)[period] !== start) continue;
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
    .slice(0, 100)
    .map(([userId, { score }], index) => ({ userId, score, place: index + 1 }));
}

onEveryDatabase('rankings', (_open, databases) => {
  test('equal a recomputation after a random day, with two that count at a time and are killed in between', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    await insertUsers(database, ...users.map((id) => userRow(id)));
    const events = randomDay();
    const stopping = new AbortController();
    // Each life counts some batches and is then cut in the middle of one: what was not committed is counted by others.
    const live = async (seed: number): Promise<void> => {
      const random = randomOf(seed);
      while (!stopping.signal.aborted) {
        // SQLite has one process; two that count in it share its connection.
        const node = databases.kind === 'sqlite' ? undefined : await connectDatabase(options);
        const own = node?.database ?? database;
        for (let batch = random(6); batch >= 0 && !stopping.signal.aborted; batch--) await countBatch(own, calendar);
        await countAndDie(own);
        await node?.close();
      }
    };
    const counting = Promise.all([live(1), live(2)]);
    for (let from = 0; from < events.length; from += COMMIT) {
      const facts = events.slice(from, from + COMMIT).flat();
      await database.transaction().execute((transaction) => rankFeed.add(transaction, facts));
    }
    stopping.abort();
    await counting;
    while ((await countBatch(database, calendar)).facts.length > 0);

    const facts = events.flat();
    const store = new RankStore(database, () => NOW);
    const boards = (['revenue', 'followers', 'viewers'] as const).flatMap((board) =>
      PERIODS.map((period): Wanted => ({ board, period })),
    );
    const supporters = ['u000', 'u007'].flatMap((channelId): Wanted[] => [
      { board: 'supporters', scope: { channelId }, period: 'week' },
      { board: 'supporters', scope: { channelId }, period: 'all' },
      { board: 'supporters', scope: { roomId: `room-of-${channelId}` }, period: 'all' },
    ]);
    let ties = 0;
    for (const wanted of [...boards, ...supporters]) {
      const { board, scope, period } = wanted;
      const text =
        scope === undefined ? '' : 'roomId' in scope ? roomScope(scope.roomId) : channelScope(scope.channelId);
      const key = { board, scope: text, period, start: calendar.startsAt(NOW)[period] };
      const listed = (await store.top(key)).map(({ userId, score, place }) => ({ userId, score, place }));
      expect(listed, `${board} ${text} ${period}`).toEqual(recompute(facts, wanted));
      ties += listed.filter(({ score }, index) => score === listed[index + 1]?.score).length;
      const last = listed.at(-1);
      expect(await store.placeOf(key, last?.userId ?? '')).toEqual({ score: last?.score, place: last?.place });
    }
    expect(ties).toBeGreaterThan(20);
  }, 120_000);
});

/** As a node that is killed while it counts: nothing of it is committed. */
async function countAndDie(database: Database): Promise<void> {
  const death = new Error('killed');
  const work = database.transaction().execute(async (transaction) => {
    await transaction
      .deleteFrom('rank_feed')
      .where('seq', 'in', (builder) => builder.selectFrom('rank_feed').select('seq').orderBy('seq').limit(100))
      .execute();
    throw death;
  });
  await expect(work).rejects.toBe(death);
}

test('the work of a projector goes to another node when its own is gone', async () => {
  const state = new MemoryStateCenter();
  onTestFinished(() => state.close());
  const logger = pino({ level: 'silent' });
  const rounds = { first: 0, second: 0 };
  const projectorOf = (who: keyof typeof rounds): Projector =>
    new Projector({ name: 'test', state, logger, everyMs: 1, work: async () => void rounds[who]++ });
  const [first, second] = [projectorOf('first'), projectorOf('second')];
  onTestFinished(() => second.stop());
  first.start();
  await expect.poll(() => rounds.first).toBeGreaterThan(2);
  second.start();
  await delay(20);
  expect(rounds.second).toBe(0);
  await first.stop();
  await expect.poll(() => rounds.second).toBeGreaterThan(2);
});
