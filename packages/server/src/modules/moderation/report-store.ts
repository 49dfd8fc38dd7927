import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { ReportState, ReportSubject, ReportTable } from '../../database/tables/moderation.ts';
import type { ListReports } from './contract.ts';

export type ReportRow = Selectable<ReportTable>;

/** How long it is known what became of a report. */
const KEEP_MS = 180 * 86_400_000;

/** The queries on reports. */
export class ReportStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async find(id: string): Promise<ReportRow | undefined> {
    return this.#database.selectFrom('reports').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Of a room only those of one subject. Open ones begin with the oldest, decided ones with the newest. */
  async list(
    { page, pageSize, state }: ListReports,
    of?: { roomId: string; subject: ReportSubject },
  ): Promise<{ rows: ReportRow[]; total: number }> {
    let matching = this.#database.selectFrom('reports').where('state', '=', state);
    if (of !== undefined) matching = matching.where('room_id', '=', of.roomId).where('subject', '=', of.subject);
    const { total } = await matching
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    const rows = await matching
      .selectAll()
      .orderBy('created_at', state === 'open' ? 'asc' : 'desc')
      .orderBy('id')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    return { rows, total: Number(total) };
  }

  /** False when this person has reported this before. Old decided ones go. */
  async insert(transaction: Transaction, row: ReportRow): Promise<boolean> {
    await transaction
      .deleteFrom('reports')
      .where('state', 'in', ['dismissed', 'done'])
      .where('created_at', '<', this.#now() - KEEP_MS)
      .execute();
    const inserted = await transaction
      .insertInto('reports')
      .values(row)
      .onConflict((conflict) => conflict.columns(['reporter', 'subject', 'subject_id']).doNothing())
      .returning('id')
      .executeTakeFirst();
    return inserted !== undefined;
  }

  /** Undefined when it was decided before. */
  async decide(
    transaction: Transaction,
    { id, state, decision, by }: { id: string; state: Exclude<ReportState, 'open'>; decision: string; by: string },
  ): Promise<ReportRow | undefined> {
    return transaction
      .updateTable('reports')
      .set({ state, decision, decided_by: by, decided_at: this.#now() })
      .where('id', '=', id)
      .where('state', '=', 'open')
      .returningAll()
      .executeTakeFirst();
  }

  async ofReporter(person: string): Promise<ReportRow[]> {
    return this.#database
      .selectFrom('reports')
      .selectAll()
      .where('reporter', '=', person)
      .orderBy('created_at')
      .execute();
  }

  /** What it said goes, and what was said about it; that there was a report and what became of it stays. */
  async forgetUser(transaction: Transaction, userId: string): Promise<void> {
    const person = `user:${userId}`;
    await transaction
      .updateTable('reports')
      .set((expression) => ({ reporter: expression.ref('id'), text: null }))
      .where('reporter', '=', person)
      .execute();
    await transaction
      .updateTable('reports')
      .set({ accused: null, evidence: '{}', text: null })
      .where('accused', '=', person)
      .execute();
    await transaction
      .updateTable('reports')
      .set((expression) => ({ subject_id: expression.ref('id') }))
      .where('subject', '=', 'user')
      .where('subject_id', '=', userId)
      .execute();
    await transaction.updateTable('reports').set({ decided_by: null }).where('decided_by', '=', person).execute();
  }
}
