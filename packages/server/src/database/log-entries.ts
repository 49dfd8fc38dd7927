import { hostname } from 'node:os';
import { sql, SqliteAdapter } from 'kysely';
import type { Database } from './database.ts';
import { jsonRows } from './json-rows.ts';
import { termsOf, tsVector } from './log-terms.ts';
import type { LogKind } from './tables/log.ts';

/** Ids are times: so many to a millisecond. */
const IDS_PER_MS = 1024;
const MAX_TRIES = 8;
const MAX_MESSAGE_LENGTH = 4000;
const MAX_FIELDS_LENGTH = 16_000;
/** Of what is searched. */
const MAX_INDEXED = 4000;
const MAX_INDEXED_VALUE = 1000;

/** A transaction, whatever tables it knows. */
type Executor = Pick<Database, 'getExecutor'>;

export interface NewLogEntry {
  /** ms since the epoch. */
  at: number;
  /** As pino's numbers. */
  level: number;
  kind: LogKind;
  /** Left out, this machine. */
  node?: string;
  requestId?: string;
  user?: string;
  room?: string;
  stream?: string;
  message: string;
  /** Without secrets. */
  fields: Readonly<Record<string, unknown>>;
}

/** The least id of a moment, and more than all before it. */
export function logIdAt(atMs: number): number {
  return Math.floor(atMs) * IDS_PER_MS;
}

let lastId = 0;

/** Within a millisecond in the order in which they are asked for. Who finds one taken asks for the next. */
function nextId(atMs: number): number {
  const isSameMs = lastId >= logIdAt(atMs) && lastId < logIdAt(atMs + 1) - 1;
  lastId = isSameMs ? lastId + 1 : logIdAt(atMs) + Math.floor((Math.random() * IDS_PER_MS) / 2);
  return lastId;
}

/** Writes them with what they are found by. In a transaction, and the shorter the better. */
export async function insertLogEntries(transaction: Executor, entries: readonly NewLogEntry[]): Promise<void> {
  let rest = entries.map((entry) => ({ entry, row: rowOf(entry) }));
  for (let tries = 0; rest.length > 0 && tries < MAX_TRIES; tries++) {
    if (tries > 0) rest = rest.map(({ entry, row }) => ({ entry, row: { ...row, id: nextId(entry.at) } }));
    const taken = await insertRows(
      transaction,
      rest.map(({ row }) => row),
    );
    rest = rest.filter(({ row }) => !taken.has(row.id));
  }
}

function rowOf({ at, level, kind, node = hostname(), requestId, user, room, stream, message, fields }: NewLogEntry) {
  const text = clean(message).slice(0, MAX_MESSAGE_LENGTH);
  const values = [text, ...[requestId, user, room, stream].filter((id) => id !== undefined), ...leavesOf(fields)];
  return {
    ...{ id: nextId(at), at, level, kind, node, message: text, fields: fieldsText(fields) },
    ...{ requestId: short(requestId), user: short(user), room: short(room), stream: short(stream) },
    terms: termsOf(clean(values.map((value) => value.slice(0, MAX_INDEXED_VALUE)).join(' ')).slice(0, MAX_INDEXED)),
  };
}

type Row = ReturnType<typeof rowOf>;

/** Answers the ids that were free. */
async function insertRows(transaction: Executor, rows: readonly Row[]): Promise<Set<number>> {
  const isSqlite = transaction.getExecutor().adapter instanceof SqliteAdapter;
  const indexed = rows.map((row) => ({ ...row, terms: isSqlite ? row.terms.join(' ') : tsVector(row.terms) }));
  const names = sql.raw(
    `id, at, level, kind, node, request_id, user_id, room_id, stream, message, fields${isSqlite ? '' : ', terms'}`,
  );
  const { rows: written } = await sql<{ id: number }>`
    insert into log_entries (${names})
    select cast(value->>'id' as bigint), cast(value->>'at' as bigint), cast(value->>'level' as integer),
      value->>'kind', value->>'node', value->>'requestId', value->>'user', value->>'room', value->>'stream',
      value->>'message', value->>'fields' ${isSqlite ? sql`` : sql`, cast(value->>'terms' as tsvector)`}
    from ${jsonRows(transaction, indexed)} where true
    on conflict (id) do nothing returning id`.execute(transaction);
  const taken = new Set(written.map(({ id }) => id));
  if (isSqlite) {
    const found = indexed.filter(({ id }) => taken.has(id)).map(({ id, terms }) => ({ id, terms }));
    await sql`insert into log_index (rowid, terms) select value->>'id', value->>'terms'
      from ${jsonRows(transaction, found)}`.execute(transaction);
  }
  return taken;
}

/** As databases take it: PostgreSQL has no NUL in its texts, and no half of a character. */
function clean(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

function short(id: string | undefined): string | undefined {
  return id === undefined ? undefined : clean(id).slice(0, 128);
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  const text = clean(JSON.stringify(fields));
  return text.length <= MAX_FIELDS_LENGTH ? text : JSON.stringify({ truncated: text.slice(0, MAX_FIELDS_LENGTH) });
}

function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(leavesOf);
}
