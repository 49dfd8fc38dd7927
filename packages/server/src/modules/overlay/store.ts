import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { GoalTable, OverlayTokenTable } from '../../database/tables/overlays.ts';

export type GoalRow = Selectable<GoalTable>;
export type OverlayRow = Selectable<OverlayTokenTable>;

/** The queries on goals and on tokens of overlays. */
export class OverlayStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async goalOf(channelId: string): Promise<GoalRow | undefined> {
    return this.#database.selectFrom('goals').selectAll().where('channel_id', '=', channelId).executeTakeFirst();
  }

  /** The goal goes on counting from where it began, unless it is of another kind or `restart` says so. */
  async setGoal(transaction: Transaction, row: GoalRow, restart: boolean): Promise<void> {
    await transaction
      .insertInto('goals')
      .values(row)
      .onConflict((conflict) =>
        conflict.column('channel_id').doUpdateSet((builder) => ({
          title: row.title,
          kind: row.kind,
          target: row.target,
          updated_at: row.updated_at,
          started_at: restart
            ? row.started_at
            : builder
                .case()
                .when('goals.kind', '=', row.kind)
                .then(builder.ref('goals.started_at'))
                .else(row.started_at)
                .end(),
        })),
      )
      .execute();
  }

  async removeGoal(transaction: Transaction, channelId: string): Promise<boolean> {
    const { numDeletedRows } = await transaction
      .deleteFrom('goals')
      .where('channel_id', '=', channelId)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  async followersOf(userId: string): Promise<number> {
    const { count } = await this.#database
      .selectFrom('follows')
      .select((builder) => builder.fn.countAll<number>().as('count'))
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Rooms that are open whose channel counts followers, and how many it has; of too many, those set last. */
  async followerGoals(most: number): Promise<{ roomId: string; channelId: string; followers: number }[]> {
    const rows = await this.#database
      .selectFrom('goals')
      .innerJoin('rooms', 'rooms.user_id', 'goals.channel_id')
      .select((builder) => [
        'rooms.id as roomId',
        'goals.channel_id as channelId',
        builder
          .selectFrom('follows')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .whereRef('follows.user_id', '=', 'goals.channel_id')
          .as('followers'),
      ])
      .where('goals.kind', '=', 'followers')
      .where('rooms.status', '<>', 'ended')
      .orderBy('goals.updated_at', 'desc')
      .limit(most)
      .execute();
    return rows.map((row) => ({ ...row, followers: Number(row.followers) }));
  }

  /** False when the user has `most` already. Holds the account's row until the commit, so that nobody counts at the same time. */
  async insert(transaction: Transaction, row: OverlayRow, most: number): Promise<boolean> {
    await transaction
      .updateTable('users')
      .set((builder) => ({ updated_at: builder.ref('updated_at') }))
      .where('id', '=', row.user_id)
      .execute();
    const { count } = await transaction
      .selectFrom('overlay_tokens')
      .select((builder) => builder.fn.countAll<number>().as('count'))
      .where('user_id', '=', row.user_id)
      .executeTakeFirstOrThrow();
    if (Number(count) >= most) return false;
    await transaction.insertInto('overlay_tokens').values(row).execute();
    return true;
  }

  /** The oldest first. */
  async ofUser(userId: string): Promise<OverlayRow[]> {
    return this.#database
      .selectFrom('overlay_tokens')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
  }

  async findByHash(tokenHash: string): Promise<OverlayRow | undefined> {
    return this.#database
      .selectFrom('overlay_tokens')
      .selectAll()
      .where('token_hash', '=', tokenHash)
      .executeTakeFirst();
  }

  /** Locked until the commit; undefined when it is not the user's. */
  async lock(
    transaction: Transaction,
    { id, userId }: { id: string; userId: string },
  ): Promise<OverlayRow | undefined> {
    return transaction
      .updateTable('overlay_tokens')
      .set((builder) => ({ updated_at: builder.ref('updated_at') }))
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .returningAll()
      .executeTakeFirst();
  }

  async change(
    transaction: Transaction,
    id: string,
    changes: Pick<OverlayRow, 'name' | 'settings' | 'updated_at'>,
  ): Promise<void> {
    await transaction.updateTable('overlay_tokens').set(changes).where('id', '=', id).execute();
  }

  async remove(transaction: Transaction, { id, userId }: { id: string; userId: string }): Promise<boolean> {
    const { numDeletedRows } = await transaction
      .deleteFrom('overlay_tokens')
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  async forgetUser(transaction: Transaction, userId: string): Promise<void> {
    await transaction.deleteFrom('overlay_tokens').where('user_id', '=', userId).execute();
    await transaction.deleteFrom('goals').where('channel_id', '=', userId).execute();
  }
}
