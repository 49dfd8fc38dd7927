import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import {
  factsOf,
  factsOfBooks,
  NOW,
  randomDay,
  recompute,
  startOf,
  users,
  writeDown,
  ZONE,
  type Wanted,
} from '../../../test/support/rank-day.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database, DatabaseOptions } from '../../database/database.ts';
import { Projector } from '../../database/projector.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import { countBatch } from './counting.ts';
import { Calendar, PERIODS } from './period.ts';
import { rebuildRankings } from './rebuild.ts';
import { channelScope, roomScope, type BoardKey } from './scores.ts';
import { RankStore } from './store.ts';

const EVENTS = 50_000;
/** Events of one commit. */
const COMMIT = 1000;
const CHILD = join(import.meta.dirname, '../../../test/support/rank-child.ts');
const calendar = new Calendar(ZONE);

interface Death {
  batch: number;
  statement: number;
}

/** A node in a process of its own, which dies where it is told, or after its first batch wherever it then is. */
async function live(options: DatabaseOptions, death?: Death): Promise<void> {
  const { logger: _, ...plain } = options;
  const where = death === undefined ? [] : [JSON.stringify(death)];
  const child: ChildProcess = fork(CHILD, [JSON.stringify(plain), ZONE, ...where], { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (death === undefined) child.once('message', () => setTimeout(() => child.kill('SIGKILL'), 20));
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

async function write(database: Database): Promise<void> {
  const events = randomDay(EVENTS);
  for (let from = 0; from < events.length; from += COMMIT)
    await database.transaction().execute((transaction) => writeDown(transaction, events.slice(from, from + COMMIT)));
}

const WANTED: readonly Wanted[] = [
  ...(['revenue', 'followers', 'viewers'] as const).flatMap((board) =>
    PERIODS.map((period): Wanted => ({ board, period })),
  ),
  ...['u000', 'u007'].flatMap((channelId): Wanted[] => [
    { board: 'supporters', scope: { channelId }, period: 'week' },
    { board: 'supporters', scope: { channelId }, period: 'all' },
    { board: 'supporters', scope: { roomId: `room-of-${channelId}` }, period: 'all' },
  ]),
];

function keyOf({ board, scope, period }: Wanted): BoardKey {
  const text = scope === undefined ? '' : 'roomId' in scope ? roomScope(scope.roomId) : channelScope(scope.channelId);
  return { board, scope: text, period, start: startOf(period, NOW) };
}

const scoresOf = (database: Database) =>
  database
    .selectFrom('rank_scores')
    .select(['board', 'scope', 'period', 'start', 'subject', 'score'])
    .where('board', '<>', 'viewers')
    .where('score', '<>', 0)
    .orderBy('board')
    .orderBy('scope')
    .orderBy('period')
    .orderBy('start')
    .orderBy('subject')
    .execute();

onEveryDatabase('rankings', (_open, databases) => {
  test('equal a recomputation after a random day, with nodes that are killed while they count', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    await insertUsers(database, ...users.map((id) => userRow(id)));
    // The feed is taken and nothing counted; one board is counted and the next is not; anywhere.
    const lives = async (...deaths: (Death | undefined)[]): Promise<void> => {
      for (const death of deaths) await live(options, death);
    };
    const ends = [
      { batch: 1, statement: 2 },
      { batch: 2, statement: 3 },
    ] as const;
    // SQLite has one node; that of the killed process is followed by the next.
    const seats =
      databases.kind === 'sqlite' ? [lives(...ends, undefined)] : [lives(ends[0], undefined), lives(ends[1])];
    await Promise.all([write(database), ...seats]);
    while ((await countBatch(database, calendar)).hasMore);

    const books = await factsOfBooks(database);
    // In no book stand viewers, and when the rest was reached of who was followed and is no more.
    const facts = randomDay(EVENTS).flatMap(factsOf);
    const store = new RankStore(database, () => NOW);
    let ties = 0;
    for (const wanted of WANTED) {
      const key = keyOf(wanted);
      const listed = (await store.top(key)).map(({ userId, score, place }) => [userId, score, place]);
      const isInBooks = wanted.board === 'revenue' || wanted.board === 'supporters';
      const expected = recompute(isInBooks ? books : facts, wanted).map(([userId, score], n) => [userId, score, n + 1]);
      expect(listed, JSON.stringify(wanted)).toEqual(expected);
      ties += listed.filter(([, score], n) => score === listed[n + 1]?.[1]).length;
      const [userId = '', score, place] = listed.at(-1) ?? [];
      expect(await store.placeOf(key, String(userId))).toEqual({ score, place });
    }
    expect(ties).toBeGreaterThan(20);

    const before = await scoresOf(database);
    await database.updateTable('rank_scores').set({ score: 1 }).where('board', '<>', 'viewers').execute();
    await rebuildRankings(database, calendar);
    expect(await scoresOf(database)).toEqual(before);
  }, 240_000);
});

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
  const seen = rounds.first;
  await expect.poll(() => rounds.first).toBeGreaterThan(seen + 5);
  expect(rounds.second).toBe(0);
  await first.stop();
  await expect.poll(() => rounds.second).toBeGreaterThan(2);
});
