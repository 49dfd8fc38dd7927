import { sql, type NotNull, type QueryCreator } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { DatabaseSchema } from '../../database/schema.ts';
import type { RecordingRow } from './store.ts';

/** What recordings of a room or channel take. */
export interface Usage {
  playId: string;
  userId: string | null;
  title: string;
  recordings: number;
  sizeBytes: number;
}

/**
 * The queries about how much recordings take, and which go first. What was uploaded is in the quota of files, and goes
 * only when somebody deletes it.
 */
export class KeeperStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** By what is written down; without those that are being written, whose size the engine knows. */
  async totals(
    folderId: string,
    openIds: readonly string[],
  ): Promise<{ usedBytes: number; folderBytes: number; waitingParts: number }> {
    const parts = this.#database
      .selectFrom('recording_parts')
      .innerJoin('recordings', 'recordings.id', 'recording_parts.recording_id')
      .where('recordings.state', '<>', 'deleted')
      .where('recordings.room_id', 'is not', null)
      .$if(openIds.length > 0, (query) => query.where('recordings.id', 'not in', [...openIds]))
      .select(({ fn }) => [
        fn.sum<number | null>('recording_parts.size_bytes').as('bytes'),
        fn.countAll<number>().as('count'),
      ]);
    const all = await parts.executeTakeFirstOrThrow();
    const here = await parts
      .where('recordings.folder_id', '=', folderId)
      .where('recording_parts.stored', '=', 0)
      .executeTakeFirstOrThrow();
    return {
      usedBytes: Number(all.bytes ?? 0),
      folderBytes: Number(here.bytes ?? 0),
      waitingParts: Number(here.count),
    };
  }

  async storedBytes(): Promise<number> {
    const { bytes } = await this.#database
      .selectFrom('recording_parts')
      .innerJoin('recordings', 'recordings.id', 'recording_parts.recording_id')
      .select(({ fn }) => fn.sum<number | null>('recording_parts.size_bytes').as('bytes'))
      .where('recordings.state', '<>', 'deleted')
      .where('recording_parts.stored', '=', 1)
      .executeTakeFirstOrThrow();
    return Number(bytes ?? 0);
  }

  /**
   * Those that take most first; `over` only those that take more. By the files that are closed: a recording that was stopped
   * by its quota is not over, and has no size of its own yet. Of those in `openIds` the engine knows.
   */
  async usages({
    limit,
    over,
    openIds = [],
  }: {
    limit: number;
    over?: number;
    openIds?: readonly string[];
  }): Promise<Usage[]> {
    const rows = await this.#database
      .with('closed', (database) => closedFiles(database, openIds))
      .selectFrom('recordings')
      .leftJoin('closed', 'closed.recording_id', 'recordings.id')
      .select(({ fn }) => [
        'play_id',
        fn.max('user_id').as('user_id'),
        fn.max('title').as('title'),
        fn.countAll<number>().as('count'),
        fn.coalesce(fn.sum<number>('closed.bytes'), sql<number>`0`).as('bytes'),
      ])
      .where('state', '<>', 'deleted')
      .where('play_id', 'is not', null)
      .$narrowType<{ play_id: NotNull }>()
      .groupBy('play_id')
      .$if(over !== undefined, (query) => query.having(({ fn }) => fn.sum<number>('closed.bytes'), '>', over ?? 0))
      .orderBy('bytes', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      playId: row.play_id,
      userId: row.user_id,
      title: row.title,
      recordings: Number(row.count),
      sizeBytes: Number(row.bytes),
    }));
  }

  async usedBy(playId: string, openIds: readonly string[]): Promise<number> {
    const { bytes } = await this.#database
      .with('closed', (database) => closedFiles(database, openIds))
      .selectFrom('recordings')
      .innerJoin('closed', 'closed.recording_id', 'recordings.id')
      .select(({ fn }) => fn.sum<number | null>('closed.bytes').as('bytes'))
      .where('play_id', '=', playId)
      .where('state', '<>', 'deleted')
      .executeTakeFirstOrThrow();
    return Number(bytes ?? 0);
  }

  /**
   * What may go to make room, the first to go first: unpublished ones, then the oldest. Never of a broadcast that goes
   * on, or its recording would make room for itself.
   */
  async disposable({
    playId,
    folderId,
    limit,
  }: {
    playId?: string;
    folderId?: string;
    limit: number;
  }): Promise<RecordingRow[]> {
    let query = this.#database
      .selectFrom('recordings')
      .leftJoin('rooms', 'rooms.id', 'recordings.room_id')
      .selectAll('recordings')
      .where('recordings.state', 'in', ['ready', 'failed'])
      .where('recordings.room_id', 'is not', null)
      .where(({ eb, or }) => or([eb('rooms.status', 'is', null), eb('rooms.status', '=', 'ended')]))
      .orderBy('recordings.published')
      .orderBy('recordings.started_at')
      .limit(limit);
    if (playId !== undefined) query = query.where('recordings.play_id', '=', playId);
    if (folderId !== undefined) query = query.where('recordings.folder_id', '=', folderId);
    return query.execute();
  }

  async olderThan(atMs: number, limit: number): Promise<RecordingRow[]> {
    return this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('state', 'in', ['ready', 'failed'])
      .where('room_id', 'is not', null)
      .where('started_at', '<', atMs)
      .orderBy('started_at')
      .limit(limit)
      .execute();
  }

  /** Recorded since then, and since when there are recordings. */
  async growth(sinceMs: number): Promise<{ bytes: number; oldestMs: number | null }> {
    const { bytes, oldest } = await this.#database
      .selectFrom('recordings')
      .select(({ fn }) => [
        fn.sum<number | null>('size_bytes').as('bytes'),
        fn.min<number | null>('started_at').as('oldest'),
      ])
      .where('started_at', '>=', sinceMs)
      .where('room_id', 'is not', null)
      .executeTakeFirstOrThrow();
    return { bytes: Number(bytes ?? 0), oldestMs: oldest === null ? null : Number(oldest) };
  }

  async countByState(): Promise<Record<string, number>> {
    const rows = await this.#database
      .selectFrom('recordings')
      .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
      .groupBy('state')
      .execute();
    return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
  }

  /** Deleted ones whose files are in this folder, or in no folder any more. */
  async deleted(folderId: string, limit: number): Promise<RecordingRow[]> {
    return this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('state', '=', 'deleted')
      .where(({ eb, or }) => or([eb('folder_id', '=', folderId), eb('folder_id', 'is', null)]))
      .orderBy('updated_at')
      .limit(limit)
      .execute();
  }

  /** Its files are gone. */
  async forget(id: string): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      const { numDeletedRows } = await transaction
        .deleteFrom('recordings')
        .where('id', '=', id)
        .where('state', '=', 'deleted')
        .executeTakeFirstOrThrow();
      if (numDeletedRows > 0n) await transaction.deleteFrom('recording_parts').where('recording_id', '=', id).execute();
    });
  }

  /** Who hears of what concerns the operator. */
  async administrators(transaction: Transaction): Promise<string[]> {
    const rows = await transaction.selectFrom('users').select('id').where('role', '=', 'admin').limit(100).execute();
    return rows.map(({ id }) => id);
  }

  async ownerOf(playId: string): Promise<string | null> {
    const row = await this.#database
      .selectFrom('rooms')
      .select('user_id')
      .where('play_id', '=', playId)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.user_id ?? null;
  }
}

/** Bytes of the closed files of each recording. */
function closedFiles(database: QueryCreator<DatabaseSchema>, openIds: readonly string[]) {
  return database
    .selectFrom('recording_parts')
    .select(({ fn }) => ['recording_id', fn.sum<number>('size_bytes').as('bytes')])
    .$if(openIds.length > 0, (query) => query.where('recording_id', 'not in', [...openIds]))
    .groupBy('recording_id');
}
