import { sql, type RawBuilder } from 'kysely';
import type { Database } from '../../../database/database.ts';
import type { Caller } from '../../gateway/contract.ts';
import type { RecordingLookup, RecordingPart } from '../../recording/contract.ts';
import type { Density, DensityQuery } from './contract.ts';

/** Counting looks at every message of a show, and what was said then changes seldom. */
const FRESH_MS = 60_000;
const MAX_KNOWN = 200;
/** Stretches in one statement, well below what the databases take as parameters. */
const STRETCHES_AT_ONCE = 200;

/** From `startMs` of the replay on, when its picture was: ms since the epoch. */
type Stretch = Pick<RecordingPart, 'startMs' | 'epochMs' | 'durationMs'>;

/** How much was said at each place of a replay: the curve over its seek bar. */
export class ReplayDensity {
  readonly #deps: { database: Database; recordings: () => RecordingLookup; now: () => number };
  readonly #known = new Map<string, { atMs: number; density: Promise<Density> }>();

  constructor(deps: { database: Database; recordings: () => RecordingLookup; now: () => number }) {
    this.#deps = deps;
  }

  /**
   * Shown messages by the picture they are about; what was said before it began or while there was none counts nowhere.
   * @throws AppError recording_not_found, room_private, banned_from_room
   */
  async of(caller: Caller, recordingId: string, { buckets, token }: DensityQuery): Promise<Density> {
    const { roomId, parts } = await this.#deps.recordings().get(caller, recordingId, token);
    const durationMs = parts.reduce((sum, part) => sum + part.durationMs, 0);
    // What was uploaded has no room in which anybody could have said anything.
    if (roomId === undefined || durationMs === 0) return { buckets: [], stepMs: 0 };
    const stepMs = Math.ceil(durationMs / buckets);
    // A recording that goes on is another one by its length.
    return this.#remember(`${recordingId} ${durationMs} ${buckets}`, async () => {
      const counts = await countMessages(this.#deps.database, { roomId, parts, stepMs });
      return { buckets: Array.from({ length: Math.ceil(durationMs / stepMs) }, (_, n) => counts.get(n) ?? 0), stepMs };
    });
  }

  #remember(key: string, count: () => Promise<Density>): Promise<Density> {
    const atMs = this.#deps.now();
    const known = this.#known.get(key);
    if (known !== undefined && Math.abs(atMs - known.atMs) < FRESH_MS) return known.density;
    const density = count();
    this.#known.delete(key);
    this.#known.set(key, { atMs, density });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    density.catch(() => this.#known.delete(key));
    return density;
  }
}

/** Shown messages about each part of `stepMs` of the replay, by its number from 0; parts without any are left out. */
export async function countMessages(
  database: Database,
  { roomId, parts, stepMs }: { roomId: string; parts: readonly Stretch[]; stepMs: number },
): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (let at = 0; at < parts.length; at += STRETCHES_AT_ONCE) {
    const stretches = parts.slice(at, at + STRETCHES_AT_ONCE).map(({ startMs, epochMs, durationMs }) => {
      return sql`(${ms(epochMs)}, ${ms(epochMs + durationMs)}, ${ms(epochMs - startMs)})`;
    });
    const { rows } = await sql<{ part: number; messages: number }>`
      with stretches (from_ms, to_ms, ahead_ms) as (values ${sql.join(stretches)})
      select (media_at - ahead_ms) / ${ms(stepMs)} as part, count(*) as messages
      from stretches join chat_messages on media_at >= from_ms and media_at < to_ms
      where room_id = ${roomId} and state = 'shown'
      group by 1`.execute(database);
    for (const { part, messages } of rows) counts.set(part, (counts.get(part) ?? 0) + messages);
  }
  return counts;
}

/** A parameter has no type of its own, and SQLite's are not whole: only whole numbers divide into whole parts. */
const ms = (value: number): RawBuilder<unknown> => sql`cast(${Math.round(value)} as bigint)`;
