import type { Database, Transaction } from '../../database/database.ts';
import type { FanLevelTable } from '../../database/tables/levels.ts';
import type { Fans } from './contract.ts';

/** The queries on fans. */
export class FanStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async find(channelId: string, userId: string): Promise<FanLevelTable | undefined> {
    return this.#database
      .selectFrom('fan_levels')
      .selectAll()
      .where('channel_id', '=', channelId)
      .where('user_id', '=', userId)
      .executeTakeFirst();
  }

  /** Of those who have one. */
  async levelsOf(channelId: string, userIds: readonly string[]): Promise<Map<string, number>> {
    if (userIds.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('fan_levels')
      .select(['user_id', 'level'])
      .where('channel_id', '=', channelId)
      .where('user_id', 'in', userIds)
      .where('level', '>', 0)
      .execute();
    return new Map(rows.map(({ user_id, level }) => [user_id, level]));
  }

  /** Who has a level, the furthest first; without those who are banned. */
  async list(channelId: string, limit: number): Promise<Omit<Fans, 'badge'>> {
    const listed = this.#database
      .selectFrom('fan_levels')
      .innerJoin('users', 'users.id', 'fan_levels.user_id')
      .where('fan_levels.channel_id', '=', channelId)
      .where('fan_levels.level', '>', 0)
      .where(({ eb, or }) => or([eb('users.banned_at', 'is', null), eb('users.banned_until', '<=', this.#now())]));
    const rows = await listed
      .select(['users.id as userId', 'users.username', 'users.name', 'users.avatar'])
      .select(['fan_levels.level', 'fan_levels.experience'])
      .orderBy('fan_levels.experience', 'desc')
      .orderBy('fan_levels.user_id')
      .limit(limit)
      .execute();
    const { total } = await listed.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
    return {
      fans: rows.map(({ avatar, ...row }, index) => ({ ...row, avatar: avatar ?? undefined, place: index + 1 })),
      total: Number(total),
    };
  }

  async badgeOf(channelId: string): Promise<string | undefined> {
    const row = await this.#database
      .selectFrom('fan_badges')
      .select('name')
      .where('channel_id', '=', channelId)
      .executeTakeFirst();
    return row?.name;
  }

  async setBadge(
    transaction: Transaction,
    { channelId, name }: { channelId: string; name: string | null },
  ): Promise<void> {
    if (name === null) {
      await transaction.deleteFrom('fan_badges').where('channel_id', '=', channelId).execute();
      return;
    }
    const values = { name, updated_at: this.#now() };
    await transaction
      .insertInto('fan_badges')
      .values({ channel_id: channelId, ...values })
      .onConflict((conflict) => conflict.column('channel_id').doUpdateSet(values))
      .execute();
  }

  /** For a data export. */
  async ofUser(userId: string): Promise<FanLevelTable[]> {
    return this.#database
      .selectFrom('fan_levels')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('channel_id')
      .execute();
  }

  /** What somebody has in channels, and what others have in theirs. */
  async forget(userId: string): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      for (const table of ['level_feed', 'fan_levels'] as const)
        await transaction
          .deleteFrom(table)
          .where(({ eb, or }) => or([eb('user_id', '=', userId), eb('channel_id', '=', userId)]))
          .execute();
      await transaction.deleteFrom('fan_badges').where('channel_id', '=', userId).execute();
    });
  }
}
