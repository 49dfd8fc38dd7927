import { setImmediate } from 'node:timers/promises';
import { sql, SqliteAdapter, type RawBuilder } from 'kysely';
import type { Database } from '../../database/database.ts';
import { jsonRows } from '../../database/json-rows.ts';
import { insertLogEntries, logIdAt, type NewLogEntry } from '../../database/log-entries.ts';
import { fts5Query, tsQuery } from '../../database/log-terms.ts';
import type { LogEntryTable } from '../../database/tables/log.ts';
import type { ListLogs, LogEntry, LogFilter, LogPage } from './contract.ts';
import { defined, levelName, levelNumber } from './line.ts';

/** Rows that one statement looks at where no index finds few: everybody else has a turn between two. */
const WINDOW_ROWS = 20_000;
const GRAVE = levelNumber('warn');
/** More than any id. */
const END = Number.MAX_SAFE_INTEGER;

/** What all nodes said, in the database. */
export class LogStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(entries: readonly NewLogEntry[]): Promise<void> {
    await this.#database.transaction().execute((transaction) => insertLogEntries(transaction, entries));
  }

  async page({ before = END, limit, ...filter }: ListLogs): Promise<LogPage> {
    const entries: LogEntry[] = [];
    for await (const found of this.read(filter, { before, rows: limit + 1 })) {
      entries.push(...found);
      if (entries.length > limit) break;
    }
    const isMore = entries.length > limit;
    const page = entries.slice(0, limit);
    return { entries: page, ...(isMore ? { next: page.at(-1)?.id } : {}) };
  }

  /** All that fits, the newest first, at most so many `rows` at a time. */
  async *read(
    filter: LogFilter,
    { before = END, rows }: { before?: number; rows: number },
  ): AsyncGenerator<LogEntry[]> {
    const least = filter.from === undefined ? 0 : logIdAt(filter.from);
    let end = filter.to === undefined ? before : Math.min(before, logIdAt(filter.to));
    while (end > least) {
      const start = Math.max(await this.#windowStart(filter, end), least);
      for (;;) {
        const found = await this.#select(filter, { start, end, rows });
        if (found.length > 0) yield found;
        if (found.length < rows) break;
        end = found.at(-1)?.id ?? start;
      }
      end = start;
      await setImmediate();
    }
  }

  /** Ids of the oldest lines that are older or more than allowed, up to a bound. */
  async outdated({ before, excess, limit }: { before: number; excess: number; limit: number }): Promise<number[]> {
    const oldest = (kind: 'app' | 'access') => {
      const query = this.#database.selectFrom('log_entries').select('id').where('kind', '=', kind);
      const bounded = excess > 0 ? query : query.where('id', '<', logIdAt(before));
      return bounded.orderBy('id').limit(limit);
    };
    const found = [...(await oldest('app').execute()), ...(await oldest('access').execute())];
    const ids = found.map(({ id }) => id).toSorted((one, other) => one - other);
    return ids.slice(0, limit).filter((id, index) => id < logIdAt(before) || index < excess);
  }

  async remove(ids: readonly number[]): Promise<void> {
    const rows = ids.map((id) => ({ id }));
    await this.#database.transaction().execute(async (transaction) => {
      const which = sql`(select cast(value->>'id' as bigint) from ${jsonRows(transaction, rows)})`;
      if (this.#isSqlite) await sql`delete from log_index where rowid in ${which}`.execute(transaction);
      await sql`delete from log_entries where id in ${which}`.execute(transaction);
    });
  }

  /** Lines, audit entries left out. */
  async count(): Promise<number> {
    const { rows } = await this.#database
      .selectFrom('log_entries')
      .select((builder) => builder.fn.countAll<number>().as('rows'))
      .where('kind', 'in', ['app', 'access'])
      .executeTakeFirstOrThrow();
    return Number(rows);
  }

  get #isSqlite(): boolean {
    return this.#database.getExecutor().adapter instanceof SqliteAdapter;
  }

  async #select(
    filter: LogFilter,
    { start, end, rows }: { start: number; end: number; rows: number },
  ): Promise<LogEntry[]> {
    let query = this.#database
      .selectFrom('log_entries')
      .select(['id', 'at', 'level', 'kind', 'node', 'request_id', 'user_id', 'room_id', 'stream', 'message', 'fields'])
      .where('id', '>=', start)
      .where('id', '<', end);
    const { kind, level, node, user, room, stream, requestId, text = '' } = filter;
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (node !== undefined) query = query.where('node', '=', node);
    if (user !== undefined) query = query.where('user_id', '=', user);
    if (room !== undefined) query = query.where('room_id', '=', room);
    if (stream !== undefined) query = query.where('stream', '=', stream);
    if (requestId !== undefined) query = query.where('request_id', '=', requestId);
    if (level !== undefined) query = query.where('level', '>=', levelNumber(level));
    // The words by which the small index of grave lines is known.
    if (isGrave(filter)) query = query.where(sql<boolean>`level >= 40`);
    if (text !== '') {
      const found = this.#textFits(text, { start, end });
      // Nothing but signs: no line has a word of it.
      if (found === undefined) return [];
      query = query.where(found);
    }
    const found = await query.orderBy('id', 'desc').limit(rows).execute();
    return found.map(viewOf);
  }

  #textFits(text: string, { start, end }: { start: number; end: number }): RawBuilder<boolean> | undefined {
    if (!this.#isSqlite) {
      const asked = tsQuery(text);
      return asked === undefined ? undefined : sql<boolean>`terms @@ cast(${asked} as tsquery)`;
    }
    const asked = fts5Query(text);
    return asked === undefined
      ? undefined
      : sql<boolean>`id in (select rowid from log_index
          where log_index match ${asked} and rowid >= ${start} and rowid < ${end})`;
  }

  /** Where one statement ends that begins at `end` and goes back. */
  async #windowStart(filter: LogFilter, end: number): Promise<number> {
    const { user, room, stream, requestId, kind, text = '' } = filter;
    const finds = user ?? room ?? stream ?? requestId ?? (kind === 'audit' ? kind : undefined);
    if (text === '' && (finds !== undefined || isGrave(filter))) return 0;
    const last = await this.#database
      .selectFrom('log_entries')
      .select('id')
      .where('id', '<', end)
      .orderBy('id', 'desc')
      .offset(WINDOW_ROWS)
      .limit(1)
      .executeTakeFirst();
    return last?.id ?? 0;
  }
}

function isGrave({ level }: LogFilter): boolean {
  return level !== undefined && levelNumber(level) >= GRAVE;
}

function viewOf(row: LogEntryTable): LogEntry {
  const { id, at, level, kind, node, message, fields } = row;
  return {
    ...{ id, at, level: levelName(level), kind, node },
    ...defined({ requestId: row.request_id, user: row.user_id, room: row.room_id, stream: row.stream }),
    ...{ message, fields: JSON.parse(fields) as Record<string, unknown> },
  };
}
