import { sql, type Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { RoomTable } from '../../database/schema.ts';
import { originsOf, type RoomStatus } from './contract.ts';

export type RoomRow = Selectable<RoomTable>;

/** Fields that an owner changes. */
export type RoomChanges = Partial<
  Pick<
    RoomRow,
    | 'title'
    | 'title_key'
    | 'category'
    | 'cover'
    | 'is_private'
    | 'auto_live'
    | 'recording'
    | 'recording_on'
    | 'max_viewers'
  >
>;

export interface ViewerTally {
  id: string;
  viewerCount: number;
  peakViewers: number;
}

/** The queries on rooms. Status changes are compare-and-set: they answer the new row, or undefined when somebody was faster. */
export class RoomStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** False when the id is taken, or the stream name by another open room. */
  async insert(transaction: Transaction, row: RoomRow): Promise<boolean> {
    const result = await transaction
      .insertInto('rooms')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  async find(id: string): Promise<RoomRow | undefined> {
    return this.#database.selectFrom('rooms').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** The room that a stream name belongs to: the open one, else the newest. */
  async findByPlayId(playId: string): Promise<RoomRow | undefined> {
    return this.#database
      .selectFrom('rooms')
      .selectAll()
      .where('play_id', '=', playId)
      .orderBy(sql`case when status = 'ended' then 1 else 0 end`)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** The newest that was on the channel, for its title. */
  async lastOfUser(userId: string, playId: string): Promise<RoomRow | undefined> {
    return this.#database
      .selectFrom('rooms')
      .selectAll()
      .where('user_id', '=', userId)
      .where('play_id', '=', playId)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** Rooms of the account that are not ended. Holds the account's row until the commit, so that nobody counts at the same time. */
  async countOpenOf(transaction: Transaction, userId: string): Promise<number> {
    await transaction
      .updateTable('users')
      .set((expression) => ({ updated_at: expression.ref('updated_at') }))
      .where('id', '=', userId)
      .execute();
    const { open } = await transaction
      .selectFrom('rooms')
      .select((builder) => builder.fn.countAll<number>().as('open'))
      .where('user_id', '=', userId)
      .where('status', '<>', 'ended')
      .executeTakeFirstOrThrow();
    return Number(open);
  }

  async ofUser(userId: string): Promise<RoomRow[]> {
    return this.#database.selectFrom('rooms').selectAll().where('user_id', '=', userId).orderBy('created_at').execute();
  }

  async newestLivePublicOf(userId: string): Promise<RoomRow | undefined> {
    return this.#database
      .selectFrom('rooms')
      .selectAll()
      .where('user_id', '=', userId)
      .where('status', '=', 'live')
      .where('is_private', '=', 0)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** A live one before one that is preparing. */
  async newestOpenOf(userId: string): Promise<RoomRow | undefined> {
    return this.#database
      .selectFrom('rooms')
      .selectAll()
      .where('user_id', '=', userId)
      .where('status', '<>', 'ended')
      .orderBy(sql`case when status = 'live' then 0 else 1 end`)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** Which of these rooms the public list shows as open. */
  async listed(ids: readonly string[]): Promise<string[]> {
    const rows = await this.#database
      .selectFrom('rooms')
      .select('id')
      .where('id', 'in', [...ids])
      .where('is_private', '=', 0)
      .where('status', '<>', 'ended')
      .execute();
    return rows.map(({ id }) => id);
  }

  async withStatus(statuses: readonly RoomStatus[]): Promise<RoomRow[]> {
    return this.#database
      .selectFrom('rooms')
      .selectAll()
      .where('status', 'in', [...statuses])
      .execute();
  }

  async countByStatus(): Promise<Record<string, number>> {
    const rows = await this.#database
      .selectFrom('rooms')
      .select((builder) => ['status', builder.fn.countAll<number>().as('count')])
      .groupBy('status')
      .execute();
    return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
  }

  /** Moves to `to` from any status that may, together with `changes`. */
  async transition(
    transaction: Transaction,
    { id, to, changes = {} }: { id: string; to: RoomStatus; changes?: RoomChanges },
  ): Promise<RoomRow | undefined> {
    const now = this.#now();
    const times = to === 'live' ? { start_time: now } : { end_time: now, viewer_count: 0 };
    return transaction
      .updateTable('rooms')
      .set({ ...changes, ...times, status: to, interrupted: 0, interrupted_at: null, updated_at: now })
      .where('id', '=', id)
      .where('status', 'in', originsOf(to))
      .returningAll()
      .executeTakeFirst();
  }

  /** Marks a live room interrupted, or no longer. */
  async setInterrupted(
    transaction: Transaction,
    { id, interrupted }: { id: string; interrupted: boolean },
  ): Promise<RoomRow | undefined> {
    const now = this.#now();
    return transaction
      .updateTable('rooms')
      .set((builder) => ({
        interrupted: interrupted ? 1 : 0,
        interrupted_at: interrupted ? now : null,
        interruptions: builder('interruptions', '+', interrupted ? 1 : 0),
        updated_at: now,
      }))
      .where('id', '=', id)
      .where('status', '=', 'live')
      .where('interrupted', '=', interrupted ? 0 : 1)
      .returningAll()
      .executeTakeFirst();
  }

  async change(
    transaction: Transaction,
    { id, changes }: { id: string; changes: RoomChanges },
  ): Promise<RoomRow | undefined> {
    return transaction
      .updateTable('rooms')
      .set({ ...changes, updated_at: this.#now() })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
  }

  /** Ends a room whose grace is over; undefined when its publisher came back, or somebody was faster. */
  async endInterrupted(
    transaction: Transaction,
    { id, interrupted_at }: Pick<RoomRow, 'id' | 'interrupted_at'>,
  ): Promise<RoomRow | undefined> {
    const now = this.#now();
    return transaction
      .updateTable('rooms')
      .set({ status: 'ended', end_time: now, viewer_count: 0, interrupted: 0, interrupted_at: null, updated_at: now })
      .where('id', '=', id)
      .where('status', '=', 'live')
      .where('interrupted', '=', 1)
      .where('interrupted_at', '=', interrupted_at)
      .returningAll()
      .executeTakeFirst();
  }

  /** An interrupted room whose grace passed while no node was there to end it gets a whole one. */
  async restartGrace({ id, interrupted_at }: Pick<RoomRow, 'id' | 'interrupted_at'>): Promise<void> {
    await this.#database
      .updateTable('rooms')
      .set({ interrupted_at: this.#now() })
      .where('id', '=', id)
      .where('status', '=', 'live')
      .where('interrupted_at', '=', interrupted_at)
      .execute();
  }

  async setSecret(
    transaction: Transaction,
    { id, secret }: { id: string; secret: string },
  ): Promise<RoomRow | undefined> {
    return transaction
      .updateTable('rooms')
      .set({ stream_secret: secret, updated_at: this.#now() })
      .where('id', '=', id)
      .where('status', '<>', 'ended')
      .where('stream_secret', '<>', '')
      .returningAll()
      .executeTakeFirst();
  }

  /** Rooms outlive their owner's account. */
  async disown(transaction: Transaction, userId: string): Promise<void> {
    await transaction.updateTable('rooms').set({ user_id: null }).where('user_id', '=', userId).execute();
  }

  async saveTallies(tallies: readonly ViewerTally[]): Promise<void> {
    if (tallies.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      for (const { id, viewerCount, peakViewers } of tallies) {
        await transaction
          .updateTable('rooms')
          .set({
            viewer_count: viewerCount,
            peak_viewers: sql<number>`case when peak_viewers < ${peakViewers} then ${peakViewers} else peak_viewers end`,
          })
          .where('id', '=', id)
          .where('status', '<>', 'ended')
          .execute();
      }
    });
  }
}
