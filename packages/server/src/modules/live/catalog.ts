import { sql, type SelectQueryBuilder } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { DatabaseSchema } from '../../database/schema.ts';
import { patternOf } from '../../database/search-key.ts';
import type { ListRoomsQuery } from './contract.ts';
import type { RoomRow } from './store.ts';

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
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
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

  /** Open public rooms of people who are not banned whose title has it in it; live ones first. */
  async search(q: string, limit: number): Promise<RoomRow[]> {
    return this.#ofPeople()
      .selectAll('rooms')
      .where('rooms.status', '<>', 'ended')
      .where(sql<boolean>`rooms.title_key like ${patternOf(q, 'anywhere')} escape '\\'`)
      .orderBy(sql`case when rooms.status = 'live' then 0 else 1 end`)
      .orderBy('rooms.viewer_count', 'desc')
      .orderBy('rooms.created_at', 'desc')
      .orderBy('rooms.id')
      .limit(limit)
      .execute();
  }

  /** In which public rooms these users are live, the most watched first. */
  async liveOf(userIds: readonly string[], limit: number): Promise<RoomRow[]> {
    if (userIds.length === 0) return [];
    return this.#ofPeople()
      .selectAll('rooms')
      .where('rooms.user_id', 'in', [...userIds])
      .where('rooms.status', '=', 'live')
      .orderBy('rooms.viewer_count', 'desc')
      .orderBy('rooms.created_at', 'desc')
      .orderBy('rooms.id')
      .limit(limit)
      .execute();
  }

  /** When each one's last public broadcast ended; who had none is not in it. */
  async lastShowsOf(userIds: readonly string[]): Promise<Map<string, number>> {
    if (userIds.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('rooms')
      .select((builder) => ['user_id', builder.fn.max('end_time').as('at')])
      .where('user_id', 'in', [...userIds])
      .where('is_private', '=', 0)
      .where('start_time', 'is not', null)
      .where('end_time', 'is not', null)
      .groupBy('user_id')
      .execute();
    return new Map(rows.map(({ user_id: id, at }) => [id ?? '', Number(at)]));
  }

  /** Public rooms, without those of the banned. */
  #ofPeople() {
    const nowMs = this.#now();
    return this.#database
      .selectFrom('rooms')
      .leftJoin('users', 'users.id', 'rooms.user_id')
      .where('rooms.is_private', '=', 0)
      .where(({ eb, or }) => or([eb('users.banned_at', 'is', null), eb('users.banned_until', '<=', nowMs)]));
  }

  #matching({ status, q, category, userId }: ListRoomsQuery, withPrivate: boolean): RoomQuery<object> {
    let query: RoomQuery<object> = this.#database.selectFrom('rooms');
    if (!withPrivate) query = query.where('is_private', '=', 0);
    if (status !== undefined) query = query.where('status', 'in', status);
    if (category !== undefined) query = query.where('category', '=', category);
    if (userId !== undefined) query = query.where('user_id', '=', userId);
    if (q !== undefined) query = query.where(sql<boolean>`title_key like ${patternOf(q, 'anywhere')} escape '\\'`);
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
