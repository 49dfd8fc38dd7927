import { sql, type SelectQueryBuilder } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { DatabaseSchema } from '../../database/schema.ts';
import type { ListRoomsQuery } from './contract.ts';
import { titleKeyOf, type RoomRow } from './store.ts';

type RoomQuery<Result> = SelectQueryBuilder<DatabaseSchema, 'rooms', Result>;

const MAX_CATEGORIES = 200;

export interface Category {
  category: string;
  /** Open ones. */
  rooms: number;
  live: number;
}

/** The queries behind lists of rooms. */
export class RoomCatalog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** One page, and how many there are in all. `withPrivate` adds the private ones. */
  async list(
    query: ListRoomsQuery,
    { withPrivate }: { withPrivate: boolean },
  ): Promise<{ rows: RoomRow[]; total: number }> {
    const matching = this.#matching(query, withPrivate);
    const { total } = await matching
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    const rows = await sorted(matching.selectAll(), query.sort)
      .limit(query.pageSize)
      .offset((query.page - 1) * query.pageSize)
      .execute();
    return { rows, total: Number(total) };
  }

  /** Of public rooms that are not ended; where most is live comes first. */
  async categories(): Promise<Category[]> {
    const rows = await this.#database
      .selectFrom('rooms')
      .select((builder) => [
        'category',
        builder.fn.countAll<number>().as('rooms'),
        sql<number>`sum(case when status = 'live' then 1 else 0 end)`.as('live'),
      ])
      .where('is_private', '=', 0)
      .where('status', '<>', 'ended')
      .where('category', 'is not', null)
      .groupBy('category')
      .orderBy('live', 'desc')
      .orderBy('rooms', 'desc')
      .orderBy('category')
      .limit(MAX_CATEGORIES)
      .execute();
    return rows.map(({ category, rooms, live }) => ({
      category: category ?? '',
      rooms: Number(rooms),
      live: Number(live),
    }));
  }

  #matching({ status, q, category, userId }: ListRoomsQuery, withPrivate: boolean): RoomQuery<object> {
    let query: RoomQuery<object> = this.#database.selectFrom('rooms');
    if (!withPrivate) query = query.where('is_private', '=', 0);
    if (status !== undefined) query = query.where('status', 'in', status);
    if (category !== undefined) query = query.where('category', '=', category);
    if (userId !== undefined) query = query.where('user_id', '=', userId);
    if (q !== undefined)
      query = query.where(sql<boolean>`title_key like ${`%${escapeLike(titleKeyOf(q))}%`} escape '\\'`);
    return query;
  }
}

/** The id comes last, so that rooms alike otherwise stand in the same order on every page. */
function sorted<Result>(query: RoomQuery<Result>, sort: ListRoomsQuery['sort']): RoomQuery<Result> {
  switch (sort) {
    case 'newest':
      return query.orderBy('created_at', 'desc').orderBy('id');
    case 'oldest':
      return query.orderBy('created_at', 'asc').orderBy('id');
    case 'viewers':
      return query.orderBy('viewer_count', 'desc').orderBy('created_at', 'desc').orderBy('id');
    case 'title':
      return query.orderBy('title_key').orderBy('id');
  }
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
