import { sql, type Selectable, type SelectQueryBuilder } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { DatabaseSchema, RoomTable } from '../../database/schema.ts';
import { originsOf, type ListRoomsQuery, type RoomStatus } from './contract.ts';

export type RoomRow = Selectable<RoomTable>;

/** Fields that an owner changes. */
export type RoomChanges = Partial<
  Pick<RoomRow, 'title' | 'category' | 'cover' | 'is_private' | 'auto_live' | 'max_viewers'>
>;

export interface ViewerTally {
  playId: string;
  viewerCount: number;
  peakViewers: number;
}

type RoomQuery<Result> = SelectQueryBuilder<DatabaseSchema, 'rooms', Result>;

/** The queries on rooms. Status changes are compare-and-set: they answer the new row, or undefined when somebody was faster. */
export class RoomStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** False when the id is taken. */
  async insert(transaction: Transaction, row: RoomRow): Promise<boolean> {
    const result = await transaction
      .insertInto('rooms')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
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
      .executeTakeFirst();
  }

  /** Public rooms, one page of them, and how many there are in all. */
  async list(query: ListRoomsQuery): Promise<{ rows: RoomRow[]; total: number }> {
    const matching = this.#matching(query);
    const { total } = await matching
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    const rows = await sorted(matching.selectAll(), query.sort)
      .limit(query.pageSize)
      .offset((query.page - 1) * query.pageSize)
      .execute();
    return { rows, total: Number(total) };
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
      .set({ interrupted: interrupted ? 1 : 0, interrupted_at: interrupted ? now : null, updated_at: now })
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

  /** After a start of the process nobody publishes and nobody watches: every live room waits a whole grace again. */
  async interruptAllLive(): Promise<void> {
    await this.#database
      .updateTable('rooms')
      .set({ interrupted: 1, interrupted_at: this.#now(), viewer_count: 0 })
      .where('status', '=', 'live')
      .execute();
  }

  async saveTallies(tallies: readonly ViewerTally[]): Promise<void> {
    if (tallies.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      for (const { playId, viewerCount, peakViewers } of tallies) {
        await transaction
          .updateTable('rooms')
          .set({
            viewer_count: viewerCount,
            peak_viewers: sql<number>`case when peak_viewers < ${peakViewers} then ${peakViewers} else peak_viewers end`,
          })
          .where('play_id', '=', playId)
          .where('status', '<>', 'ended')
          .execute();
      }
    });
  }

  #matching({ status, q, category }: ListRoomsQuery): RoomQuery<object> {
    let query: RoomQuery<object> = this.#database.selectFrom('rooms').where('is_private', '=', 0);
    if (status !== undefined) query = query.where('status', 'in', status);
    if (category !== undefined) query = query.where('category', '=', category);
    if (q !== undefined)
      query = query.where(sql<boolean>`lower(title) like ${`%${escapeLike(q.toLowerCase())}%`} escape '\\'`);
    return query;
  }
}

function sorted<Result>(query: RoomQuery<Result>, sort: ListRoomsQuery['sort']): RoomQuery<Result> {
  switch (sort) {
    case 'newest':
      return query.orderBy('created_at', 'desc').orderBy('id');
    case 'oldest':
      return query.orderBy('created_at', 'asc').orderBy('id');
    case 'viewers':
      return query.orderBy('viewer_count', 'desc').orderBy('created_at', 'desc').orderBy('id');
    case 'title':
      return query.orderBy('title').orderBy('id');
  }
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
