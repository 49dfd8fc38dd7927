import { sql, type NotNull, type Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { RecordingPartTable, RecordingTable } from '../../database/schema.ts';
import { patternOf, searchKeyOf } from '../../database/search-key.ts';
import type { RecordedIndex, RecordedPart } from '../../engine/contract.ts';

export type RecordingRow = Selectable<RecordingTable>;
/** How its title is searched, its store knows. */
export type NewRecordingRow = Omit<RecordingRow, 'title_key'>;
/** One that is, or was, written from a stream. */
export type BroadcastRow = RecordingRow & { room_id: string; play_id: string };
export type PartRow = Selectable<RecordingPartTable>;

export type PartFacts = Omit<PartRow, 'segments'>;
const PART_FACTS = [
  ...(['recording_id', 'n', 'file', 'start_ms', 'epoch_ms', 'duration_ms', 'size_bytes', 'head_bytes'] as const),
  'stored',
] as const;

/** A room whose stream is carried here, as far as recording is concerned. */
export interface StreamRoom {
  roomId: string;
  playId: string;
  userId: string | null;
  title: string;
  /** Its broadcast is, or is about to be, and has to be recorded. */
  isWanted: boolean;
}

/** Shown to people at all. */
const SHOWN = ['recording', 'processing', 'ready', 'failed'] as const;

/** The queries on recordings, as people and the recorder use them; what the keeper asks is in `keeper-store.ts`. */
export class RecordingStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async find(id: string): Promise<RecordingRow | undefined> {
    return this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('id', '=', id)
      .where('state', 'in', [...SHOWN])
      .executeTakeFirst();
  }

  async findMany(ids: readonly string[]): Promise<RecordingRow[]> {
    if (ids.length === 0) return [];
    return this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('id', 'in', [...ids])
      .where('state', 'in', [...SHOWN])
      .execute();
  }

  async insert(transaction: Transaction, row: NewRecordingRow): Promise<void> {
    await transaction
      .insertInto('recordings')
      .values({ ...row, title_key: searchKeyOf(row.title) })
      .execute();
  }

  /** The newest first; `all` also those that nobody but its owner sees. */
  async list(
    filter: { roomId?: string; userId?: string; all: boolean },
    { page, pageSize }: { page: number; pageSize: number },
  ): Promise<{ rows: RecordingRow[]; total: number }> {
    const { roomId, userId, all } = filter;
    let query = this.#database
      .selectFrom('recordings')
      .leftJoin('rooms', 'rooms.id', 'recordings.room_id')
      .where('recordings.state', 'in', all ? [...SHOWN] : ['ready']);
    if (roomId !== undefined) query = query.where('recordings.room_id', '=', roomId);
    if (userId !== undefined) query = query.where('recordings.user_id', '=', userId);
    if (!all) query = query.where('recordings.published', '=', 1);
    // Whoever may see a private room has to ask for that room.
    if (!all && roomId === undefined) query = query.where(inNoPrivateRoom);
    const { total } = await query
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    const rows = await query
      .selectAll('recordings')
      .orderBy('recordings.started_at', 'desc')
      .orderBy('recordings.id')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    return { rows, total: Number(total) };
  }

  /** Those that everybody may see, of people who are not banned, whose title has it in it; the newest first. */
  async search(q: string, { limit, nowMs }: { limit: number; nowMs: number }): Promise<RecordingRow[]> {
    return this.#database
      .selectFrom('recordings')
      .leftJoin('rooms', 'rooms.id', 'recordings.room_id')
      .leftJoin('users', 'users.id', 'recordings.user_id')
      .selectAll('recordings')
      .where('recordings.state', '=', 'ready')
      .where('recordings.published', '=', 1)
      .where(inNoPrivateRoom)
      .where(({ eb, or }) => or([eb('users.banned_at', 'is', null), eb('users.banned_until', '<=', nowMs)]))
      .where(sql<boolean>`recordings.title_key like ${patternOf(q, 'anywhere')} escape '\\'`)
      .orderBy('recordings.started_at', 'desc')
      .orderBy('recordings.id')
      .limit(limit)
      .execute();
  }

  /** Compare-and-set on its being shown; undefined when it is gone. */
  async change(
    transaction: Transaction,
    { id, changes }: { id: string; changes: Partial<Pick<RecordingRow, 'title' | 'published'>> },
  ): Promise<RecordingRow | undefined> {
    return transaction
      .updateTable('recordings')
      .set({
        ...changes,
        ...(changes.title === undefined ? {} : { title_key: searchKeyOf(changes.title) }),
        updated_at: this.#now(),
      })
      .where('id', '=', id)
      .where('state', 'in', [...SHOWN])
      .returningAll()
      .executeTakeFirst();
  }

  /** Undefined when it was no longer in one of the states. */
  async move(
    transaction: Transaction,
    {
      id,
      from,
      to,
      changes = {},
    }: {
      id: string;
      from: readonly RecordingRow['state'][];
      to: RecordingRow['state'];
      changes?: Partial<Pick<RecordingRow, 'ended_at' | 'duration_ms' | 'size_bytes' | 'started_at' | 'published'>>;
    },
  ): Promise<RecordingRow | undefined> {
    return transaction
      .updateTable('recordings')
      .set({ ...changes, state: to, updated_at: this.#now() })
      .where('id', '=', id)
      .where('state', 'in', [...from])
      .returningAll()
      .executeTakeFirst();
  }

  /** What the owner wants for the broadcast; false when the room has ended. */
  async setWish(transaction: Transaction, roomId: string, on: boolean): Promise<boolean> {
    const { numUpdatedRows } = await transaction
      .updateTable('rooms')
      .set({ recording_on: on ? 1 : 0 })
      .where('id', '=', roomId)
      .where('status', '<>', 'ended')
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** The rooms of these streams that have not ended, and those of recordings that run in this folder. */
  async streamRooms(playIds: readonly string[]): Promise<StreamRoom[]> {
    if (playIds.length === 0) return [];
    const rows = await this.#database
      .selectFrom('rooms')
      .select(['id', 'play_id', 'user_id', 'title', 'status', 'auto_live', 'recording', 'recording_on'])
      .where('play_id', 'in', [...playIds])
      .where('mode', '=', 'media')
      .where('status', '<>', 'ended')
      .execute();
    return rows.map((room) => {
      // A stream that is not a preview makes its room live at once.
      const isShown = room.status === 'live' || room.auto_live === 1;
      const isAsked = room.recording_on === null ? room.recording === 'always' : room.recording_on === 1;
      return {
        roomId: room.id,
        playId: room.play_id,
        userId: room.user_id,
        title: room.title,
        isWanted: isShown && isAsked,
      };
    });
  }

  /** That are, or were when a process died, written to this folder; with whether their broadcast goes on to be recorded. */
  async running(folderId: string): Promise<(BroadcastRow & { isWanted: boolean })[]> {
    const rows = await this.#database
      .selectFrom('recordings')
      .leftJoin('rooms', 'rooms.id', 'recordings.room_id')
      .selectAll('recordings')
      .select(['rooms.status', 'rooms.recording', 'rooms.recording_on'])
      .where('recordings.state', '=', 'recording')
      .where('recordings.folder_id', '=', folderId)
      .where('recordings.room_id', 'is not', null)
      .where('recordings.play_id', 'is not', null)
      .orderBy('recordings.started_at')
      .$narrowType<{ room_id: NotNull; play_id: NotNull }>()
      .execute();
    return rows.map(({ status, recording, recording_on: wish, ...row }) => ({
      ...row,
      isWanted: status !== null && status !== 'ended' && (wish === null ? recording === 'always' : wish === 1),
    }));
  }

  /** Without where they can be cut, which is much. */
  async parts(ids: readonly string[]): Promise<PartFacts[]> {
    if (ids.length === 0) return [];
    return this.#database
      .selectFrom('recording_parts')
      .select([...PART_FACTS])
      .where('recording_id', 'in', [...ids])
      .orderBy('recording_id')
      .orderBy('n')
      .execute();
  }

  async wholeParts(id: string): Promise<PartRow[]> {
    return this.#database
      .selectFrom('recording_parts')
      .selectAll()
      .where('recording_id', '=', id)
      .orderBy('n')
      .execute();
  }

  async part(id: string, n: number): Promise<PartRow | undefined> {
    return this.#database
      .selectFrom('recording_parts')
      .selectAll()
      .where('recording_id', '=', id)
      .where('n', '=', n)
      .executeTakeFirst();
  }

  /** A file was closed. One that is known already stays as it is. */
  async addPart(id: string, part: RecordedPart): Promise<void> {
    await this.#database
      .insertInto('recording_parts')
      .values(partRow(id, part))
      .onConflict((conflict) => conflict.columns(['recording_id', 'n']).doNothing())
      .execute();
  }

  /** What its folder holds; files that are in the bucket already are not there any more. */
  async setParts(transaction: Transaction, id: string, parts: readonly RecordedPart[]): Promise<void> {
    await transaction
      .deleteFrom('recording_parts')
      .where('recording_id', '=', id)
      .where('stored', '=', 0)
      .where('head_bytes', 'is', null)
      .execute();
    for (const part of parts)
      await transaction
        .insertInto('recording_parts')
        .values(partRow(id, part))
        .onConflict((conflict) => conflict.columns(['recording_id', 'n']).doNothing())
        .execute();
  }

  /** @param index undefined when it cannot be played. */
  async setIndex(id: string, n: number, index: RecordedIndex | undefined): Promise<void> {
    const segments = index?.segments.map(({ bytes, durationMs }) => [bytes, durationMs]) ?? [];
    await this.#database
      .updateTable('recording_parts')
      .set({ head_bytes: index?.headBytes ?? 0, segments: JSON.stringify(segments) })
      .where('recording_id', '=', id)
      .where('n', '=', n)
      .execute();
  }

  async setStored(id: string, n: number): Promise<void> {
    await this.#database
      .updateTable('recording_parts')
      .set({ stored: 1 })
      .where('recording_id', '=', id)
      .where('n', '=', n)
      .execute();
  }

  async setPoster(id: string, hasPoster: boolean): Promise<void> {
    await this.#database
      .updateTable('recordings')
      .set({ poster: hasPoster ? 1 : 0 })
      .where('id', '=', id)
      .execute();
  }

  /** Everything is in the bucket. */
  async leaveFolder(id: string): Promise<void> {
    await this.#database.updateTable('recordings').set({ folder_id: null }).where('id', '=', id).execute();
  }

  /** Of the account, for its export. */
  async ofUser(userId: string): Promise<RecordingRow[]> {
    return this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('user_id', '=', userId)
      .where('state', 'in', [...SHOWN])
      .orderBy('started_at')
      .execute();
  }

  /** Files to be read or moved, the oldest first. */
  async work(folderId: string, { withUploads, limit }: { withUploads: boolean; limit: number }): Promise<PartRow[]> {
    return this.#database
      .selectFrom('recording_parts')
      .innerJoin('recordings', 'recordings.id', 'recording_parts.recording_id')
      .selectAll('recording_parts')
      .where('recordings.folder_id', '=', folderId)
      .where('recordings.state', 'in', ['recording', 'processing', 'ready'])
      .where(({ eb, or }) =>
        or([
          eb('recording_parts.head_bytes', 'is', null),
          ...(withUploads
            ? [eb.and([eb('recording_parts.stored', '=', 0), eb('recording_parts.head_bytes', '>', 0)])]
            : []),
        ]),
      )
      .orderBy('recordings.started_at')
      .orderBy('recording_parts.n')
      .limit(limit)
      .execute();
  }

  /** Whose files have all been read, and moved where there is a bucket. */
  async finished(folderId: string, { withUploads }: { withUploads: boolean }): Promise<RecordingRow[]> {
    return this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('folder_id', '=', folderId)
      .where('state', 'in', withUploads ? ['processing', 'ready'] : ['processing'])
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('recording_parts')
              .select(sql`1`.as('one'))
              .whereRef('recording_parts.recording_id', '=', 'recordings.id')
              .where(({ eb, or, and }) =>
                or([
                  eb('recording_parts.head_bytes', 'is', null),
                  ...(withUploads
                    ? [and([eb('recording_parts.stored', '=', 0), eb('recording_parts.head_bytes', '>', 0)])]
                    : []),
                ]),
              ),
          ),
        ),
      )
      .execute();
  }
}

/** A room that is public, or none: what was uploaded has no room. */
const inNoPrivateRoom = sql<boolean>`(recordings.room_id is null or rooms.is_private = 0)`;

function partRow(id: string, { n, file, startMs, epochMs, durationMs, sizeBytes }: RecordedPart): PartRow {
  return {
    recording_id: id,
    n,
    file,
    start_ms: Math.round(startMs),
    epoch_ms: Math.round(epochMs),
    duration_ms: Math.round(durationMs),
    size_bytes: sizeBytes,
    head_bytes: null,
    segments: null,
    stored: 0,
  };
}
