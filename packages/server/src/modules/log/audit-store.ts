import type { Database } from '../../database/database.ts';
import type { AuditView, ListAudit } from './contract.ts';

/** Reads what `audit` wrote. */
export class AuditStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The newest first. */
  async list({ before, limit, actor, action, subject }: ListAudit): Promise<AuditView[]> {
    let query = this.#database.selectFrom('audit_log').selectAll();
    if (before !== undefined) query = query.where('seq', '<', before);
    if (actor !== undefined) query = query.where('actor', '=', actor);
    if (action !== undefined) query = query.where('action', '=', action);
    if (subject !== undefined) query = query.where('subject', '=', subject);
    const rows = await query.orderBy('seq', 'desc').limit(limit).execute();
    return rows.map((row) => ({ ...row, details: JSON.parse(row.details) as Record<string, unknown> }));
  }
}
