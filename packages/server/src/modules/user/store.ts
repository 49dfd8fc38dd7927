import { sql, type Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { UserTable } from '../../database/schema.ts';
import { patternOf, searchKeyOf } from '../../database/search-key.ts';
import { usernameKey } from '../auth/contract.ts';

export type UserRow = Selectable<UserTable>;

export interface Page {
  page: number;
  pageSize: number;
}

/** The queries on profiles and follows. */
export class UserStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(id: string): Promise<UserRow | undefined> {
    return this.#database.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async findMany(ids: readonly string[]): Promise<UserRow[]> {
    if (ids.length === 0) return [];
    return this.#database
      .selectFrom('users')
      .selectAll()
      .where('id', 'in', [...new Set(ids)])
      .execute();
  }

  async findByUsername(username: string): Promise<UserRow | undefined> {
    return this.#database
      .selectFrom('users')
      .selectAll()
      .where('username_key', '=', usernameKey(username))
      .executeTakeFirst();
  }

  async findByPlayId(playId: string): Promise<UserRow | undefined> {
    return this.#database.selectFrom('users').selectAll().where('play_id', '=', playId).executeTakeFirst();
  }

  async count(): Promise<number> {
    const { count } = await this.#database
      .selectFrom('users')
      .select((builder) => builder.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async change(
    transaction: Transaction,
    { id, changes }: { id: string; changes: Partial<Omit<UserRow, 'id'>> },
  ): Promise<UserRow | undefined> {
    return transaction.updateTable('users').set(changes).where('id', '=', id).returningAll().executeTakeFirst();
  }

  async isEmailTaken(transaction: Transaction, { emailKey, by }: { emailKey: string; by: string }): Promise<boolean> {
    const row = await transaction
      .selectFrom('users')
      .select('id')
      .where('email_key', '=', emailKey)
      .where('id', '<>', by)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** False when it was so already. */
  async follow(
    transaction: Transaction,
    { followerId, userId, nowMs }: { followerId: string; userId: string; nowMs: number },
  ): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('follows')
      .values({ follower_id: followerId, user_id: userId, created_at: nowMs })
      .onConflict((conflict) => conflict.columns(['follower_id', 'user_id']).doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }

  /** Since when they followed, ms since the epoch; undefined when they did not. */
  async unfollow(
    transaction: Transaction,
    { followerId, userId }: { followerId: string; userId: string },
  ): Promise<number | undefined> {
    const row = await transaction
      .deleteFrom('follows')
      .where('follower_id', '=', followerId)
      .where('user_id', '=', userId)
      .returning('created_at')
      .executeTakeFirst();
    return row?.created_at;
  }

  /** Whom they followed, and since when, ms since the epoch. */
  async unfollowAll(transaction: Transaction, followerId: string): Promise<{ userId: string; since: number }[]> {
    return transaction
      .deleteFrom('follows')
      .where('follower_id', '=', followerId)
      .returning(['user_id as userId', 'created_at as since'])
      .execute();
  }

  async isFollowing(followerId: string, userId: string): Promise<boolean> {
    const row = await this.#database
      .selectFrom('follows')
      .select('user_id')
      .where('follower_id', '=', followerId)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    return row !== undefined;
  }

  async followCounts(userId: string): Promise<{ followers: number; following: number }> {
    const countBy = async (column: 'user_id' | 'follower_id'): Promise<number> => {
      const { count } = await this.#database
        .selectFrom('follows')
        .select((builder) => builder.fn.countAll<number>().as('count'))
        .where(column, '=', userId)
        .executeTakeFirstOrThrow();
      return Number(count);
    };
    return { followers: await countBy('user_id'), following: await countBy('follower_id') };
  }

  /** Those who follow the user, or whom the user follows; the newest first. */
  async listFollows(userId: string, side: 'followers' | 'following', { page, pageSize }: Page): Promise<UserRow[]> {
    const [who, whom] =
      side === 'followers' ? (['follower_id', 'user_id'] as const) : (['user_id', 'follower_id'] as const);
    return this.#database
      .selectFrom('follows')
      .innerJoin('users', 'users.id', `follows.${who}`)
      .selectAll('users')
      .where(`follows.${whom}`, '=', userId)
      .orderBy('follows.created_at', 'desc')
      .orderBy('users.id')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
  }

  /** Who is not banned and has it in their name: exactly so, then beginning so; of them at most `limit`. */
  async search(q: string, { limit, nowMs }: { limit: number; nowMs: number }): Promise<UserRow[]> {
    const key = searchKeyOf(q);
    const [inside, start] = [patternOf(q, 'anywhere'), patternOf(q, 'at the start')];
    return this.#database
      .selectFrom('users')
      .selectAll()
      .where(({ eb, or }) => or([eb('banned_at', 'is', null), eb('banned_until', '<=', nowMs)]))
      .where(sql<boolean>`(username_key like ${inside} escape '\\' or name_key like ${inside} escape '\\')`)
      .orderBy(
        sql`case when username_key = ${key} or name_key = ${key} then 0
          when username_key like ${start} escape '\\' or name_key like ${start} escape '\\' then 1 else 2 end`,
      )
      .orderBy('username_key')
      .limit(limit)
      .execute();
  }

  /** How many follow each of them; who has none is not in it. */
  async followerCounts(userIds: readonly string[]): Promise<Map<string, number>> {
    if (userIds.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('follows')
      .select((builder) => ['user_id', builder.fn.countAll<number>().as('followers')])
      .where('user_id', 'in', [...userIds])
      .groupBy('user_id')
      .execute();
    return new Map(rows.map(({ user_id: id, followers }) => [id, Number(followers)]));
  }

  /** For a data export. */
  async followsOf(userId: string): Promise<{ followers: string[]; following: string[] }> {
    const rows = await this.#database
      .selectFrom('follows')
      .selectAll()
      .where((expression) =>
        expression.or([expression('follower_id', '=', userId), expression('user_id', '=', userId)]),
      )
      .execute();
    return {
      followers: rows.filter((row) => row.user_id === userId).map((row) => row.follower_id),
      following: rows.filter((row) => row.follower_id === userId).map((row) => row.user_id),
    };
  }
}
