import { sql, SqliteAdapter, type RawBuilder } from 'kysely';
import type { Database } from './database.ts';

/**
 * Rows as one parameter, to select from: `value` of each is an object, `value->>'name'` its field (text on PostgreSQL,
 * so that numbers want a cast). One statement for any number of rows, which is neither compiled nor prepared anew.
 */
export function jsonRows(database: Pick<Database, 'getExecutor'>, rows: readonly object[]): RawBuilder<unknown> {
  const text = JSON.stringify(rows);
  return database.getExecutor().adapter instanceof SqliteAdapter
    ? sql`json_each(${text})`
    : sql`json_array_elements(cast(${text} as json))`;
}
