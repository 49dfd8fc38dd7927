import type { Database } from '../../database/database.ts';
import { BYTE_ORDER_MARK, csvText } from '../../http/csv.ts';
import type { LedgerAccount } from './contract.ts';
import { kindSchema, type StatementFilter, type StatementLine, type StatementQuery } from './schemas.ts';

const CSV_PAGE = 500;
const CSV_HEAD = 'time,kind,amount,balance,note,details,transfer';

/** What moved on somebody's accounts, the newest first. */
export class Statements {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async page(userId: string, query: StatementQuery): Promise<{ lines: StatementLine[]; total: number }> {
    const { page, pageSize, ...filter } = query;
    const lines = await this.#lines(userId, filter)
      .orderBy('ledger_entries.seq', 'desc')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    const { total } = await this.#entries(userId, filter)
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    return { lines: lines.map(lineOf), total };
  }

  /** All of it, some hundred lines at a time, as it was when the first of them was read. */
  async *csv(userId: string, filter: StatementFilter): AsyncGenerator<string> {
    yield `${BYTE_ORDER_MARK}${CSV_HEAD}\r\n`;
    for (let before: number | undefined; ;) {
      let query = this.#lines(userId, filter).orderBy('ledger_entries.seq', 'desc').limit(CSV_PAGE);
      if (before !== undefined) query = query.where('ledger_entries.seq', '<', before);
      const rows = await query.execute();
      if (rows.length > 0) yield rows.map((row) => csvLine(lineOf(row))).join('');
      before = rows.at(-1)?.seq;
      if (rows.length < CSV_PAGE) return;
    }
  }

  #lines(userId: string, filter: StatementFilter) {
    return this.#entries(userId, filter)
      .select(['ledger_entries.seq', 'ledger_entries.amount', 'ledger_entries.balance_after'])
      .select(['ledger_transfers.id', 'ledger_transfers.kind', 'ledger_transfers.details'])
      .select('ledger_transfers.created_at');
  }

  #entries(userId: string, { account, from, to, kind }: StatementFilter) {
    const id: LedgerAccount = account === 'spendable' ? `user:${userId}` : `revenue:${userId}`;
    let query = this.#database
      .selectFrom('ledger_entries')
      .innerJoin('ledger_transfers', 'ledger_transfers.id', 'ledger_entries.transfer_id')
      .where('ledger_entries.account_id', '=', id);
    if (from !== undefined) query = query.where('ledger_transfers.created_at', '>=', from);
    if (to !== undefined) query = query.where('ledger_transfers.created_at', '<', to);
    if (kind !== undefined) query = query.where('ledger_transfers.kind', '=', kind);
    return query;
  }
}

interface EntryRow {
  seq: number;
  id: string;
  kind: string;
  amount: number;
  balance_after: number;
  created_at: number;
  details: string;
}

function lineOf({ id, kind, amount, balance_after: balance, created_at: at, details }: EntryRow): StatementLine {
  const parsed = JSON.parse(details) as Record<string, unknown>;
  return { id, kind: kindSchema.parse(kind), amount, balance, at, details: parsed };
}

function csvLine({ id, kind, amount, balance, at, details }: StatementLine): string {
  const { note = '', ...rest } = details;
  const others = Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
  const cells = [new Date(at).toISOString(), kind, amount, balance, csvText(String(note)), csvText(others), id];
  return `${cells.join(',')}\r\n`;
}
