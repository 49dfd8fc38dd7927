import { sql, SqliteAdapter, type ColumnDefinitionBuilder, type Kysely } from 'kysely';
import { auditLogEntry, type AuditRow } from '../audit.ts';
import { insertLogEntries } from '../log-entries.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const STEP = 500;

interface Before {
  audit_log: AuditRow & { seq: number };
}

/** What all nodes say, to be searched; audit entries that are there already are found in it, too. */
export async function up(database: Kysely<Before>): Promise<void> {
  const { schema } = database;
  const isSqlite = database.getExecutor().adapter instanceof SqliteAdapter;
  let table = schema
    .createTable('log_entries')
    // In SQLite only `integer` is the row's own number, by which its text is indexed.
    .addColumn('id', isSqlite ? 'integer' : 'bigint', (column) => column.primaryKey())
    .addColumn('at', 'bigint', required)
    .addColumn('level', 'integer', required)
    .addColumn('kind', 'text', required)
    .addColumn('node', 'text', required)
    .addColumn('request_id', 'text')
    .addColumn('user_id', 'text')
    .addColumn('room_id', 'text')
    .addColumn('stream', 'text')
    .addColumn('message', 'text', required)
    .addColumn('fields', 'text', required);
  if (!isSqlite) table = table.addColumn('terms', sql`tsvector`, required);
  await table.execute();
  for (const column of ['kind', 'user_id', 'room_id', 'stream', 'request_id'])
    await schema.createIndex(`log_entries_by_${column}`).on('log_entries').columns([column, 'id']).execute();
  // Few of many, and asked for first.
  await sql`create index log_entries_grave on log_entries (id) where level >= 40`.execute(database);
  if (isSqlite)
    await sql`create virtual table log_index using fts5(terms, content='', contentless_delete=1,
      tokenize="unicode61 remove_diacritics 0")`.execute(database);
  else await sql`create index log_entries_by_terms on log_entries using gin (terms)`.execute(database);
  await indexAudit(database);
}

async function indexAudit(database: Kysely<Before>): Promise<void> {
  for (let after = 0; ;) {
    const rows = await database
      .selectFrom('audit_log')
      .selectAll()
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(STEP)
      .execute();
    await insertLogEntries(database, rows.map(auditLogEntry));
    if (rows.length < STEP) return;
    after = rows.at(-1)?.seq ?? after;
  }
}
