import type { Database } from '../../database/database.ts';
import type { RoomTable } from '../../database/schema.ts';
import type { PeriodStarts, RankFact } from './contract.ts';

/** How long after its end a room's last peak is still looked for. */
const ENDED_MS = 60_000;
const MAX_ROOMS = 20_000;

/**
 * Who is watched by how many in public, as facts of the viewers board. Numbers are the rooms' own, which every node
 * writes down every few seconds; a peak between two looks is found by the room's peak having risen.
 */
export class ViewerSampler {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #calendar: PeriodStarts;
  /** Of each room: the peak that it had, and the most that was said in an hour. */
  readonly #rooms = new Map<string, { peak: number; hour: number; said: number }>();

  constructor(deps: { database: Database; now: () => number; calendar: PeriodStarts }) {
    this.#database = deps.database;
    this.#now = deps.now;
    this.#calendar = deps.calendar;
  }

  forget(): void {
    this.#rooms.clear();
  }

  /** What is higher than anything said before of each room, or was not said within this hour. */
  async facts(): Promise<RankFact[]> {
    const now = this.#now();
    const rows = await this.#database
      .selectFrom('rooms')
      .select(['id', 'user_id', 'viewer_count', 'peak_viewers', 'start_time', 'end_time'])
      .where('user_id', 'is not', null)
      .where('is_private', '=', 0)
      .where('peak_viewers', '>', 0)
      .where(({ eb, or }) => or([eb('status', '=', 'live'), eb('end_time', '>', now - ENDED_MS)]))
      .limit(MAX_ROOMS)
      .execute();
    const seen = new Set(rows.map(({ id }) => id));
    for (const id of this.#rooms.keys()) if (!seen.has(id)) this.#rooms.delete(id);
    return rows.flatMap((row) => {
      const fact = this.#factOf(row, now);
      return fact === undefined ? [] : [fact];
    });
  }

  #factOf(
    { id, user_id: userId, viewer_count, peak_viewers: peak, start_time, end_time }: SampledRoom,
    now: number,
  ): RankFact | undefined {
    if (userId === null) return undefined;
    const at = end_time ?? now;
    const { hour } = this.#calendar.startsAt(at);
    const known = this.#rooms.get(id);
    // A peak from before this node began to look may be of any hour, unless the broadcast itself is younger.
    const risenFrom = known?.peak ?? (start_time !== null && start_time >= hour ? 0 : peak);
    const amount = peak > risenFrom ? peak : end_time === null ? viewer_count : 0;
    const said = known?.hour === hour ? known.said : 0;
    this.#rooms.set(id, { peak, hour, said: Math.max(said, amount) });
    return amount > said ? { board: 'viewers', userId, amount, at } : undefined;
  }
}

type SampledRoom = Pick<RoomTable, 'id' | 'user_id' | 'viewer_count' | 'peak_viewers' | 'start_time' | 'end_time'>;
