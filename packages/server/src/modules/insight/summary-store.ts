import { sql, type Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { RoomTable } from '../../database/schema.ts';
import type { RoomSummaryTable } from '../../database/tables/insight.ts';
import type { Range } from './store.ts';

/** What is asked of one database or within one transaction. */
type Reader = Database | Transaction;

const SHOWN = ['id', 'user_id', 'title', 'peak_viewers', 'interruptions', 'start_time', 'end_time'] as const;
/** A room that was live, or is. */
export type ShownRoom = Pick<Selectable<RoomTable>, (typeof SHOWN)[number]> & { start_time: number };
export type SummaryRow = Selectable<RoomSummaryTable>;

/** Coins of gifts, pieces, and who gave them. */
export interface Given {
  coins: number;
  gifts: number;
  gifters: number;
}

export interface Supporter {
  roomId: string;
  userId: string;
  coins: number;
}

/** The queries on what broadcasts came to. */
export class SummaryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(roomId: string): Promise<ShownRoom | undefined> {
    return (await this.#shown((query) => query.where('id', '=', roomId), 1))[0];
  }

  /** Broadcasts of a channel that were live within the range, the newest first. */
  async ofUser(userId: string, { fromMs, toMs }: Range, limit: number): Promise<ShownRoom[]> {
    return this.#shown(
      (query) =>
        query
          .where('user_id', '=', userId)
          .where('start_time', '<', toMs)
          .where(({ eb, or }) => or([eb('end_time', 'is', null), eb('end_time', '>', fromMs)])),
      limit,
    );
  }

  /** Broadcasts that ended within the range and are not summed up, those that ended first before others. */
  async unfinished({ fromMs, toMs }: Range, limit: number): Promise<ShownRoom[]> {
    const rows = await this.#database
      .selectFrom('rooms')
      .leftJoin('room_summaries', 'room_summaries.room_id', 'rooms.id')
      .select(SHOWN.map((column) => `rooms.${column}` as const))
      .where('rooms.end_time', '>=', fromMs)
      .where('rooms.end_time', '<', toMs)
      .where('rooms.start_time', 'is not', null)
      .where('room_summaries.room_id', 'is', null)
      .orderBy('rooms.end_time')
      .limit(limit)
      .execute();
    return rows.flatMap(started);
  }

  async stored(roomIds: readonly string[]): Promise<Map<string, SummaryRow>> {
    if (roomIds.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('room_summaries')
      .selectAll()
      .where('room_id', 'in', [...roomIds])
      .execute();
    return new Map(rows.map((row) => [row.room_id, row]));
  }

  /** One that is there stays. */
  async add(transaction: Transaction, row: SummaryRow): Promise<void> {
    await transaction
      .insertInto('room_summaries')
      .values(row)
      .onConflict((conflict) => conflict.column('room_id').doNothing())
      .execute();
  }

  /** What a summary was made of and nobody needs any more. */
  async forgetTraces(transaction: Transaction, roomId: string): Promise<void> {
    await transaction.deleteFrom('room_points').where('room_id', '=', roomId).execute();
    await transaction.deleteFrom('room_people').where('room_id', '=', roomId).execute();
  }

  /** Of minutes before `beforeMs`. */
  async watched(
    roomId: string,
    beforeMs: number,
    reader: Reader = this.#database,
  ): Promise<{ watchMs: number; peak: number }> {
    const { watchMs, peak } = await reader
      .selectFrom('room_minutes')
      .select(({ fn }) => [
        fn.sum<number | null>('watch_ms').as('watchMs'),
        fn.max<number | null>('peak_viewers').as('peak'),
      ])
      .where('room_id', '=', roomId)
      .where('at', '<', beforeMs)
      .executeTakeFirstOrThrow();
    return { watchMs: Number(watchMs ?? 0), peak: Number(peak ?? 0) };
  }

  async people(roomId: string, reader: Reader = this.#database): Promise<number> {
    const { count } = await reader
      .selectFrom('room_people')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('room_id', '=', roomId)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async said(
    roomId: string,
    { fromMs, toMs }: Range,
    reader: Reader = this.#database,
  ): Promise<{ messages: number; chatters: number }> {
    const { messages, chatters } = await reader
      .selectFrom('chat_messages')
      .select(({ fn }) => [fn.countAll<number>().as('messages'), fn.count<number>('person').distinct().as('chatters')])
      .where('room_id', '=', roomId)
      .where('at', '>=', fromMs)
      .where('at', '<', toMs)
      .where('state', '=', 'shown')
      .executeTakeFirstOrThrow();
    return { messages: Number(messages), chatters: Number(chatters) };
  }

  /** Who began to follow, and still does. */
  async followers(userId: string, { fromMs, toMs }: Range, reader: Reader = this.#database): Promise<number> {
    const { count } = await reader
      .selectFrom('follows')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('user_id', '=', userId)
      .where('created_at', '>=', fromMs)
      .where('created_at', '<', toMs)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** By the books: what was refunded does not count, however late. */
  async given(roomIds: readonly string[]): Promise<Map<string, Given>> {
    if (roomIds.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('gift_orders')
      .select(({ fn }) => [
        'room_id',
        fn.sum<number>('total').as('coins'),
        fn.sum<number>('count').as('gifts'),
        fn.count<number>('sender_id').distinct().as('gifters'),
      ])
      .where('room_id', 'in', [...roomIds])
      .where('refunded_at', 'is', null)
      .groupBy('room_id')
      .execute();
    return new Map(
      rows.map(({ room_id, coins, gifts, gifters }) => [
        room_id,
        { coins: Number(coins), gifts: Number(gifts), gifters: Number(gifters) },
      ]),
    );
  }

  /** The first of each room. */
  async supporters(roomIds: readonly string[], perRoom: number): Promise<Supporter[]> {
    if (roomIds.length === 0) return [];
    const rows = await this.#database
      .selectFrom((builder) =>
        builder
          .selectFrom('gift_orders')
          .select(({ fn }) => [
            'room_id',
            'sender_id',
            fn.sum<number>('total').as('coins'),
            sql<number>`row_number() over (partition by room_id order by sum(total) desc, min(at), sender_id)`.as(
              'place',
            ),
          ])
          .where('room_id', 'in', [...roomIds])
          .where('refunded_at', 'is', null)
          .groupBy(['room_id', 'sender_id'])
          .as('given'),
      )
      .select(['room_id', 'sender_id', 'coins'])
      .where('place', '<=', perRoom)
      .orderBy('room_id')
      .orderBy('place')
      .execute();
    return rows.map(({ room_id: roomId, sender_id: userId, coins }) => ({ roomId, userId, coins: Number(coins) }));
  }

  /** Of each room that was recorded the newest that is to be had. */
  async recordings(roomIds: readonly string[]): Promise<Map<string, string>> {
    if (roomIds.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('recordings')
      .select(['id', 'room_id'])
      .where('room_id', 'in', [...roomIds])
      .where('state', 'in', ['recording', 'processing', 'ready'])
      .orderBy('started_at')
      .execute();
    return new Map(rows.flatMap(({ id, room_id: roomId }) => (roomId === null ? [] : [[roomId, id] as const])));
  }

  async #shown(
    narrow: (query: ReturnType<typeof shownRooms>) => ReturnType<typeof shownRooms>,
    limit: number,
  ): Promise<ShownRoom[]> {
    const rows = await narrow(shownRooms(this.#database)).orderBy('start_time', 'desc').limit(limit).execute();
    return rows.flatMap(started);
  }
}

const shownRooms = (database: Database) =>
  database.selectFrom('rooms').select(SHOWN).where('start_time', 'is not', null);

function started<Row extends { start_time: number | null }>(row: Row): (Row & { start_time: number })[] {
  return row.start_time === null ? [] : [{ ...row, start_time: row.start_time }];
}
