import type { Transaction } from './database.ts';

export interface AuditEntry {
  /** `user:ID`, `owner` (of a room without account), `system`, `operator` (the command line) or `anonymous`. */
  actor: string;
  /** `noun.verb` in the past, such as `room.closed`. */
  action: string;
  /** Such as `room:ID` or `user:ID`. */
  subject: string;
  /** Never a secret. */
  details?: Readonly<Record<string, unknown>>;
  /** The network address it came from, if from one. */
  address?: string;
  atMs: number;
}

/** Writes who did what in the transaction that does it. */
export async function audit(transaction: Transaction, entry: AuditEntry): Promise<void> {
  const { actor, action, subject, details = {}, address = null, atMs } = entry;
  await transaction
    .insertInto('audit_log')
    .values({ at: atMs, actor, action, subject, details: JSON.stringify(details), address })
    .execute();
}
