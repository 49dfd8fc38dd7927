import { sql, type Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { RoomTable } from '../../database/schema.ts';
import { timeKey } from '../interact/chat/contract.ts';
import { MINUTE_MS, type MinuteRow, type PointRow } from './derive.ts';

/** Rooms of which one round takes samples. */
const MAX_ROOMS = 20_000;
/** Rows of one statement: a statement has at most 32,766 parameters on SQLite. */
const ROWS = 1000;
/** Minutes of one answer: a week. */
const MAX_MINUTES = 7 * 24 * 60;
/** Points of one answer: six hours. */
const MAX_POINTS = 6 * 360;

const SAMPLED = ['id', 'user_id', 'play_id', 'viewer_count', 'start_time', 'end_time'] as const;
export type SampledRoom = Pick<Selectable<RoomTable>, (typeof SAMPLED)[number]> & { start_time: number };

/** From `fromMs` on, before `toMs`. */
export interface Range {
  fromMs: number;
  toMs: number;
}

/** The queries on samples of rooms. */
export class InsightStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Rooms that were live within the range, whatever they are now. */
  async liveWithin({ fromMs, toMs }: Range): Promise<SampledRoom[]> {
    const rows = await this.#database
      .selectFrom('rooms')
      .select(SAMPLED)
      .where('start_time', '<', toMs)
      .where(({ eb, or, and }) =>
        or([eb('status', '=', 'live'), and([eb('status', '=', 'ended'), eb('end_time', '>', fromMs)])]),
      )
      .limit(MAX_ROOMS)
      .execute();
    return rows.flatMap((row) => (row.start_time === null ? [] : [{ ...row, start_time: row.start_time }]));
  }

  /** By room; rooms in which nothing was said are left out. */
  async messages(roomIds: readonly string[], { fromMs, toMs }: Range): Promise<Map<string, number>> {
    const counts = await inBatches(roomIds, (ids) =>
      this.#database
        .selectFrom('chat_messages')
        .select(({ fn }) => ['room_id', fn.countAll<number>().as('count')])
        .where('room_id', 'in', ids)
        .where('id', '>=', timeKey(fromMs))
        .where('id', '<', timeKey(toMs))
        .where('state', '=', 'shown')
        .groupBy('room_id')
        .execute(),
    );
    return new Map(counts.map(({ room_id, count }) => [room_id, Number(count)]));
  }

  /** As `messages`; refunded ones do not count. */
  async coins(roomIds: readonly string[], { fromMs, toMs }: Range): Promise<Map<string, number>> {
    const sums = await inBatches(roomIds, (ids) =>
      this.#database
        .selectFrom('gift_orders')
        .select(({ fn }) => ['room_id', fn.sum<number>('total').as('coins')])
        .where('room_id', 'in', ids)
        .where('at', '>=', fromMs)
        .where('at', '<', toMs)
        .where('refunded_at', 'is', null)
        .groupBy('room_id')
        .execute(),
    );
    return new Map(sums.map(({ room_id, coins }) => [room_id, Number(coins)]));
  }

  /** A point that is there stays: two nodes that looked at once saw the same. */
  async addPoints(transaction: Transaction, points: readonly PointRow[]): Promise<void> {
    await inBatches(points, async (rows) => {
      await transaction
        .insertInto('room_points')
        .values(rows)
        .onConflict((conflict) => conflict.columns(['room_id', 'at']).doNothing())
        .execute();
      return [];
    });
  }

  /** By room, the oldest first. */
  async pointsSince(
    sinceMs: number,
    transaction: Transaction | Database = this.#database,
  ): Promise<Map<string, PointRow[]>> {
    const rows = await transaction
      .selectFrom('room_points')
      .selectAll()
      .where('at', '>=', sinceMs)
      .orderBy('room_id')
      .orderBy('at')
      .execute();
    return Map.groupBy(rows, ({ room_id }) => room_id);
  }

  /** The newest, the oldest of them first. */
  async pointsOf(
    roomId: string,
    sinceMs: number,
    transaction: Transaction | Database = this.#database,
  ): Promise<PointRow[]> {
    const rows = await transaction
      .selectFrom('room_points')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('at', '>=', sinceMs)
      .orderBy('at', 'desc')
      .limit(MAX_POINTS)
      .execute();
    return rows.reverse();
  }

  /** As `pointsOf`. */
  async minutesOf(roomId: string, transaction: Transaction | Database = this.#database): Promise<MinuteRow[]> {
    const rows = await transaction
      .selectFrom('room_minutes')
      .selectAll()
      .where('room_id', '=', roomId)
      .orderBy('at', 'desc')
      .limit(MAX_MINUTES)
      .execute();
    return rows.reverse();
  }

  /** What was known of these minutes before is replaced, so that it does not matter how often they are written. */
  async putMinutes(transaction: Transaction, minutes: readonly MinuteRow[]): Promise<void> {
    await inBatches(minutes, async (rows) => {
      await transaction
        .insertInto('room_minutes')
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(['room_id', 'at']).doUpdateSet(({ ref }) => ({
            viewers: ref('excluded.viewers'),
            peak_viewers: ref('excluded.peak_viewers'),
            watch_ms: ref('excluded.watch_ms'),
            bitrate_bps: ref('excluded.bitrate_bps'),
            fps_milli: ref('excluded.fps_milli'),
            keyframe_interval_ms: ref('excluded.keyframe_interval_ms'),
            rtt_ms: ref('excluded.rtt_ms'),
            messages: ref('excluded.messages'),
            coins: ref('excluded.coins'),
          })),
        )
        .execute();
      return [];
    });
  }

  /** Of a room, by minute: what was said, as the archive of the chat has it. */
  async messagesByMinute(
    roomId: string,
    { fromMs, toMs }: Range,
    transaction: Transaction,
  ): Promise<Map<number, number>> {
    const minute = sql<number>`at - at % ${sql.lit(MINUTE_MS)}`;
    const rows = await transaction
      .selectFrom('chat_messages')
      .select(({ fn }) => [minute.as('minute'), fn.countAll<number>().as('count')])
      .where('room_id', '=', roomId)
      .where('at', '>=', fromMs)
      .where('at', '<', toMs)
      .where('state', '=', 'shown')
      .groupBy(minute)
      .execute();
    return new Map(rows.map((row) => [Number(row.minute), Number(row.count)]));
  }

  /** Points of broadcasts, and all that is older than it is kept. `keptSinceMs` undefined keeps minutes and summaries. */
  async sweep({
    pointsSinceMs,
    keptSinceMs,
  }: {
    pointsSinceMs: number;
    keptSinceMs: number | undefined;
  }): Promise<void> {
    const database = this.#database;
    await database.deleteFrom('room_points').where('at', '<', pointsSinceMs).execute();
    // Of those who came so late that the summary was there, and of rooms that never were live.
    await database
      .deleteFrom('room_people')
      .where('room_id', 'in', (builder) =>
        builder
          .selectFrom('rooms')
          .leftJoin('room_summaries', 'room_summaries.room_id', 'rooms.id')
          .select('rooms.id')
          .where('rooms.status', '=', 'ended')
          .where(({ eb, or }) =>
            or([eb('rooms.start_time', 'is', null), eb('room_summaries.room_id', 'is not', null)]),
          ),
      )
      .execute();
    if (keptSinceMs === undefined) return;
    await database.deleteFrom('room_minutes').where('at', '<', keptSinceMs).execute();
    await database.deleteFrom('room_summaries').where('ended_at', '<', keptSinceMs).execute();
  }

  /** What is said of an account's broadcasts. */
  async forgetUser(transaction: Transaction, userId: string): Promise<void> {
    await transaction.deleteFrom('room_minutes').where('user_id', '=', userId).execute();
    await transaction.deleteFrom('room_summaries').where('user_id', '=', userId).execute();
  }
}

/** One statement after the other, each with so many rows as a statement may have. */
async function inBatches<Item, Row>(
  items: readonly Item[],
  work: (batch: Item[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let from = 0; from < items.length; from += ROWS) rows.push(...(await work(items.slice(from, from + ROWS))));
  return rows;
}
