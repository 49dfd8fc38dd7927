import type { Transaction } from './database.ts';
import { insertLogEntries, type NewLogEntry } from './log-entries.ts';

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

export interface AuditRow {
  at: number;
  actor: string;
  action: string;
  subject: string;
  /** JSON. */
  details: string;
  address: string | null;
}

const INFO = 30;
/** What was written in a transaction, until it is committed. */
const written = new WeakMap<Transaction, NewLogEntry[]>();
const nodes = new WeakMap<Transaction, string>();

/** What is written in the transaction is written by the node that operators call so. */
export function auditAs(transaction: Transaction, node: string): void {
  nodes.set(transaction, node);
}

/** Writes who did what in the transaction that does it, and where the log is searched. */
export async function audit(transaction: Transaction, entry: AuditEntry): Promise<void> {
  const { actor, action, subject, details = {}, address = null, atMs } = entry;
  const row = { at: atMs, actor, action, subject, details: JSON.stringify(details), address };
  await transaction.insertInto('audit_log').values(row).execute();
  const logged = { ...auditLogEntry(row), node: nodes.get(transaction) };
  await insertLogEntries(transaction, [logged]);
  const others = written.get(transaction);
  if (others === undefined) written.set(transaction, [logged]);
  else others.push(logged);
}

/** What `audit` wrote in a transaction that is committed now. */
export function auditedIn(transaction: Transaction): readonly NewLogEntry[] {
  return written.get(transaction) ?? [];
}

export function auditLogEntry({ at, actor, action, subject, details, address }: AuditRow): NewLogEntry {
  const said = JSON.parse(details) as Record<string, unknown>;
  return {
    ...{ at, level: INFO, kind: 'audit', message: action },
    user: idOf('user', actor) ?? idOf('user', subject),
    room: idOf('room', subject),
    fields: { actor, subject, ...(address === null ? {} : { address }), details: said },
  };
}

function idOf(noun: 'user' | 'room', name: string): string | undefined {
  return name.startsWith(`${noun}:`) ? name.slice(noun.length + 1) : undefined;
}
