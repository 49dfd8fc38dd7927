import { sql, SqliteAdapter } from 'kysely';
import type { Transaction } from '../../database/database.ts';
import { codeOf } from '../../database/errors.ts';

/** `lock_not_available` */
const LOCKED = '55P03';

/**
 * Who counts goes before anything else of its transaction together with others who count, or alone with a rebuild.
 * Taken first by both, so that neither waits for the other with a lock in its hand. SQLite has one transaction at a
 * time anyway.
 * @throws what `isLocked` knows while a rebuild runs, until which what counts waits
 */
export async function countTogether(transaction: Transaction): Promise<void> {
  if (!isSqlite(transaction)) await sql`lock table rank_scores in row exclusive mode nowait`.execute(transaction);
}

export const isLocked = (error: unknown): boolean => codeOf(error) === LOCKED;

/** After those who count now, and before its transaction has seen anything: a lock takes no snapshot. */
export async function countAlone(transaction: Transaction): Promise<void> {
  if (!isSqlite(transaction)) await sql`lock table rank_scores in share row exclusive mode`.execute(transaction);
}

const isSqlite = (transaction: Transaction): boolean => transaction.getExecutor().adapter instanceof SqliteAdapter;
