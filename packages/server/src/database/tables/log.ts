// The tables of migrations/0019-logs.ts as rows. What is found by its text stands in `log_index` (SQLite's FTS5) or in
// the column `terms` (PostgreSQL), which only log-entries.ts and the log's store know.

export interface LogTables {
  log_entries: LogEntryTable;
}

/** What the program said, a request, or who did what (the same as in `audit_log`). */
export type LogKind = 'app' | 'access' | 'audit';

export interface LogEntryTable {
  /** 1024 times its time, and a number within the millisecond. */
  id: number;
  at: number;
  /** As pino's numbers: 30 is info. */
  level: number;
  kind: LogKind;
  /** Name of the machine. */
  node: string;
  request_id: string | null;
  user_id: string | null;
  room_id: string | null;
  stream: string | null;
  message: string;
  /** JSON: what else the line says. */
  fields: string;
}
