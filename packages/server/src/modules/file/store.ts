import { sql } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { FileState } from '../../database/tables/files.ts';
import type { FileRow } from './contract.ts';

/** Shown to people at all. */
const SHOWN: readonly FileState[] = ['uploading', 'processing', 'ready', 'failed'];
const GATE = 'all';

/** What a new file may not pass. 0 is no limit. */
export interface FileBounds {
  quotaBytes: number;
  totalBytes: number;
  /** Files of the account of this kind. */
  files: number;
  /** … of them not finished. */
  unfinished?: number;
}

export type Reservation = 'taken' | 'quota_exceeded' | 'too_many_files' | 'too_many_uploads' | 'files_full';

export interface FileFilter {
  userId?: string;
  kind?: FileRow['kind'];
  /** Part of the name. */
  q?: string;
}

type Changes = Partial<Omit<FileRow, 'id' | 'user_id' | 'kind' | 'purpose' | 'state' | 'created_at' | 'updated_at'>>;

/** What a file counts for. */
const taken = sql<number>`case when size_bytes > reserved_bytes then size_bytes else reserved_bytes end`;

/** As `pictureUrl` makes it. */
const urlOfRow = sql<string>`'/files/' || files.id || '.webp'`;

/** The queries on files. */
export class FileStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async find(id: string): Promise<FileRow | undefined> {
    return this.#shown().selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Those of them that are there, by id. */
  async findMany(ids: readonly string[]): Promise<Map<string, FileRow>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#shown()
      .selectAll()
      .where('id', 'in', [...ids])
      .execute();
    return new Map(rows.map((row) => [row.id, row]));
  }

  async findByRecording(recordingId: string): Promise<FileRow | undefined> {
    return this.#shown().selectAll().where('recording_id', '=', recordingId).executeTakeFirst();
  }

  /** The newest first. */
  async list(
    filter: FileFilter,
    { page, pageSize }: { page: number; pageSize: number },
  ): Promise<{ rows: FileRow[]; total: number; usedBytes: number }> {
    const { userId, kind, q } = filter;
    let query = this.#shown();
    if (userId !== undefined) query = query.where('user_id', '=', userId);
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (q !== undefined && q !== '')
      query = query.where(sql<boolean>`lower(name) like ${`%${likeText(q.toLowerCase())}%`} escape '\\'`);
    const sums = await query
      .select(({ fn }) => [fn.countAll<number>().as('total'), fn.sum<number | null>(taken).as('bytes')])
      .executeTakeFirstOrThrow();
    const rows = await query
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    return { rows, total: Number(sums.total), usedBytes: Number(sums.bytes ?? 0) };
  }

  async usedBy(userId: string): Promise<number> {
    return used(this.#database, userId);
  }

  /**
   * The row, if the account's and the platform's bounds leave room for what it reserves. Those that ask at one time are
   * counted one after the other, on whichever nodes. Nothing was written when it answers another thing than `taken`.
   */
  async reserve(transaction: Transaction, row: FileRow, bounds: FileBounds): Promise<Reservation> {
    await transaction.updateTable('file_gate').set({ passed_at: this.#now() }).where('id', '=', GATE).execute();
    const { count, open } = await transaction
      .selectFrom('files')
      .select(({ fn }) => [
        fn.countAll<number>().as('count'),
        fn.sum<number | null>(sql`case when state = 'uploading' then 1 else 0 end`).as('open'),
      ])
      .where('user_id', '=', row.user_id)
      .where('kind', '=', row.kind)
      .where('state', 'in', [...SHOWN])
      .executeTakeFirstOrThrow();
    if (bounds.files > 0 && Number(count) >= bounds.files) return 'too_many_files';
    if (bounds.unfinished !== undefined && Number(open ?? 0) >= bounds.unfinished) return 'too_many_uploads';
    const bytes = Math.max(row.reserved_bytes, row.size_bytes);
    if (bounds.quotaBytes > 0 && (await used(transaction, row.user_id)) + bytes > bounds.quotaBytes)
      return 'quota_exceeded';
    if (bounds.totalBytes > 0 && (await used(transaction)) + bytes > bounds.totalBytes) return 'files_full';
    await transaction.insertInto('files').values(row).execute();
    return 'taken';
  }

  /** Compare-and-set; undefined when it was no longer in one of the states. The state stays where `to` is left out. */
  async move(
    transaction: Transaction,
    { id, from, to, changes = {} }: { id: string; from: readonly FileState[]; to?: FileState; changes?: Changes },
  ): Promise<FileRow | undefined> {
    return transaction
      .updateTable('files')
      .set({ ...changes, ...(to === undefined ? {} : { state: to }), updated_at: this.#now() })
      .where('id', '=', id)
      .where('state', 'in', [...from])
      .returningAll()
      .executeTakeFirst();
  }

  /** Nobody sees it from now on; its bytes are removed later. Undefined when it was gone. */
  async markDeleted(transaction: Transaction, id: string): Promise<FileRow | undefined> {
    return this.move(transaction, { id, from: SHOWN, to: 'deleted' });
  }

  /** Nothing shows it any more, wherever it was shown. */
  async clearReferences(transaction: Transaction, url: string): Promise<void> {
    await transaction.updateTable('users').set({ avatar: null }).where('avatar', '=', url).execute();
    await transaction.updateTable('rooms').set({ cover: null }).where('cover', '=', url).execute();
  }

  /** Pictures that were there before and that nobody shows, the oldest first. */
  async orphans(beforeMs: number, limit: number): Promise<FileRow[]> {
    return this.#shown()
      .selectAll()
      .where('kind', '=', 'image')
      .where('state', '=', 'ready')
      .where('created_at', '<=', beforeMs)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('users').select('users.id').where('users.avatar', '=', urlOfRow))),
      )
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('rooms').select('rooms.id').where('rooms.cover', '=', urlOfRow))),
      )
      .orderBy('created_at')
      .limit(limit)
      .execute();
  }

  /** Of accounts that are not there any more, though nobody told. */
  async ownerless(beforeMs: number, limit: number): Promise<FileRow[]> {
    return this.#shown()
      .selectAll()
      .where('created_at', '<=', beforeMs)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('users').select('users.id').whereRef('users.id', '=', 'files.user_id'))),
      )
      .orderBy('created_at')
      .limit(limit)
      .execute();
  }

  /** Pictures whose bytes are said to be in a folder (null: in the bucket), in the order of their ids. */
  async pictures(
    folderId: string | null,
    { after, beforeMs, limit }: { after: string; beforeMs: number; limit: number },
  ): Promise<FileRow[]> {
    return this.#shown()
      .selectAll()
      .where('kind', '=', 'image')
      .where('state', '=', 'ready')
      .where('folder_id', folderId === null ? 'is' : '=', folderId)
      .where('updated_at', '<=', beforeMs)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  /** Those of them that there is any row of, be it one that is being deleted. */
  async known(ids: readonly string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.#database
      .selectFrom('files')
      .select('id')
      .where('id', 'in', [...ids])
      .execute();
    return new Set(rows.map(({ id }) => id));
  }

  /** Of the account, for its export and its end. */
  async ofUser(userId: string): Promise<FileRow[]> {
    return this.#shown().selectAll().where('user_id', '=', userId).orderBy('created_at').orderBy('id').execute();
  }

  /** Whose time is over, the oldest first. */
  async expired(nowMs: number, limit: number): Promise<FileRow[]> {
    return this.#shown().selectAll().where('expires_at', '<=', nowMs).orderBy('expires_at').limit(limit).execute();
  }

  /** Videos in one of these states, the oldest first: what is to be worked on. */
  async videos(states: readonly FileState[], limit: number): Promise<FileRow[]> {
    return this.#database
      .selectFrom('files')
      .selectAll()
      .where('state', 'in', [...states])
      .where('kind', '=', 'video')
      .orderBy('updated_at')
      .limit(limit)
      .execute();
  }

  /** Those whose bytes a node can remove: in its folder (null: in the bucket), or that have none. */
  async deleted(folderId: string | null, limit: number): Promise<FileRow[]> {
    return this.#database
      .selectFrom('files')
      .selectAll()
      .where('state', '=', 'deleted')
      .where(({ or, eb }) =>
        or([
          eb('storage_key', 'is', null),
          folderId === null ? eb('folder_id', 'is', null) : eb('folder_id', '=', folderId),
        ]),
      )
      .orderBy('updated_at')
      .limit(limit)
      .execute();
  }

  /** Its bytes are gone. */
  async forget(id: string): Promise<void> {
    await this.#database.deleteFrom('files').where('id', '=', id).where('state', '=', 'deleted').execute();
  }

  #shown() {
    return this.#database.selectFrom('files').where('state', 'in', [...SHOWN]);
  }
}

async function used(database: Database | Transaction, userId?: string): Promise<number> {
  let query = database
    .selectFrom('files')
    .select(({ fn }) => fn.sum<number | null>(taken).as('bytes'))
    .where('state', 'in', [...SHOWN]);
  if (userId !== undefined) query = query.where('user_id', '=', userId);
  const { bytes } = await query.executeTakeFirstOrThrow();
  return Number(bytes ?? 0);
}

function likeText(text: string): string {
  return text.replace(/[\\%_]/g, (letter) => `\\${letter}`);
}
