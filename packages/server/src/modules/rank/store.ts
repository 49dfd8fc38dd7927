import type { ExpressionBuilder } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { RankTables } from '../../database/tables/rankings.ts';
import { MAX_ENTRIES, type RankEntry } from './contract.ts';
import type { BoardKey } from './scores.ts';

const DAY_MS = 86_400_000;
/** How long the rankings of periods are kept that are over. */
const KEPT_MS = { hour: 2 * DAY_MS, day: 60 * DAY_MS, week: 366 * DAY_MS } as const;

/** Where somebody stands. */
export interface Place {
  score: number;
  place: number;
}

/** Reads rankings as they are listed: without scores of nothing, and without accounts that are banned or gone. */
export class RankStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async top(key: BoardKey, limit = MAX_ENTRIES): Promise<RankEntry[]> {
    const rows = await this.#listed(key)
      .select(['users.id', 'users.username', 'users.name', 'users.avatar', 'rank_scores.score'])
      .orderBy('rank_scores.score', 'desc')
      .orderBy('rank_scores.reached_at')
      .orderBy('rank_scores.subject')
      .limit(limit)
      .execute();
    return rows.map(entryOf);
  }

  /** However far down; undefined when not listed. */
  async placeOf(key: BoardKey, userId: string): Promise<Place | undefined> {
    const mine = await this.#listed(key)
      .select(['rank_scores.score', 'rank_scores.reached_at'])
      .where('rank_scores.subject', '=', userId)
      .executeTakeFirst();
    if (mine === undefined) return undefined;
    const before = (eb: ExpressionBuilder<RankTables, 'rank_scores'>) =>
      eb.and([
        // Said for the index, which knows ranges and no alternatives.
        eb('rank_scores.score', '>=', mine.score),
        eb.or([
          eb('rank_scores.score', '>', mine.score),
          eb('rank_scores.reached_at', '<', mine.reached_at),
          eb.and([eb('rank_scores.reached_at', '=', mine.reached_at), eb('rank_scores.subject', '<', userId)]),
        ]),
      ]);
    const all = await this.#scores(key)
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where(before)
      .executeTakeFirstOrThrow();
    // The banned are few and found by their own index, while looking at everybody before would cost as many look-ups.
    const banned = await this.#scores(key)
      .innerJoin('users', 'users.id', 'rank_scores.subject')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('users.banned_at', 'is not', null)
      .where(({ eb, or }) => or([eb('users.banned_until', 'is', null), eb('users.banned_until', '>', this.#now())]))
      .where(before)
      .executeTakeFirstOrThrow();
    return { score: mine.score, place: Number(all.count) - Number(banned.count) + 1 };
  }

  /** Who is live in public now, by how many watch; of equal ones who began first. */
  async watchedNow(limit = MAX_ENTRIES): Promise<RankEntry[]> {
    const rows = await this.#database
      .selectFrom('rooms')
      .innerJoin('users', 'users.id', 'rooms.user_id')
      .select(['users.id', 'users.username', 'users.name', 'users.avatar'])
      .select(({ fn }) => fn.max<number>('rooms.viewer_count').as('score'))
      .where('rooms.status', '=', 'live')
      .where('rooms.is_private', '=', 0)
      .where('rooms.viewer_count', '>', 0)
      .where(({ eb, or }) => or([eb('users.banned_at', 'is', null), eb('users.banned_until', '<=', this.#now())]))
      .groupBy(['users.id', 'users.username', 'users.name', 'users.avatar'])
      .orderBy('score', 'desc')
      .orderBy(({ fn }) => fn.min('rooms.start_time'))
      .orderBy('users.id')
      .limit(limit)
      .execute();
    return rows.map(entryOf);
  }

  /** Rankings of hours, days and weeks that are long over. */
  async sweep(): Promise<void> {
    for (const [period, keptMs] of Object.entries(KEPT_MS))
      await this.#database
        .deleteFrom('rank_scores')
        .where('period', '=', period)
        .where('start', '<', this.#now() - keptMs)
        .execute();
  }

  /** Everything that is listed of somebody, for a data export. */
  async scoresOf(
    userId: string,
  ): Promise<{ board: string; scope: string; period: string; start: number; score: number }[]> {
    return this.#database
      .selectFrom('rank_scores')
      .select(['board', 'scope', 'period', 'start', 'score'])
      .where('subject', '=', userId)
      .orderBy('start')
      .orderBy('board')
      .execute();
  }

  #listed(key: BoardKey) {
    return this.#scores(key)
      .innerJoin('users', 'users.id', 'rank_scores.subject')
      .where(({ eb, or }) => or([eb('users.banned_at', 'is', null), eb('users.banned_until', '<=', this.#now())]));
  }

  #scores({ board, scope, period, start }: BoardKey) {
    return this.#database
      .selectFrom('rank_scores')
      .where('rank_scores.board', '=', board)
      .where('rank_scores.scope', '=', scope)
      .where('rank_scores.period', '=', period)
      .where('rank_scores.start', '=', start)
      .where('rank_scores.score', '>', 0);
  }
}

function entryOf(
  row: { id: string; username: string; name: string; avatar: string | null; score: number },
  index: number,
): RankEntry {
  const { id: userId, username, name, avatar, score } = row;
  return { userId, username, name, avatar: avatar ?? undefined, score: Number(score), place: index + 1 };
}
