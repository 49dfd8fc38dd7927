import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import type { Database } from '../../database/database.ts';
import { Statements } from './statement.ts';

const LINES = 5000;
/** Rows of one statement: five columns each fit what SQLite takes. */
const CHUNK = 500;
/** What was read at one time, and the one line above it. */
const MOST_AT_ONCE = 501;

/** As many credits of one coin, without going through the ledger one by one. */
async function writeLines(database: Database, { from, to }: { from: number; to: number }): Promise<void> {
  for (let at = from; at < to; at += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, to - at) }, (_, n) => at + n);
    await database
      .insertInto('ledger_transfers')
      .values(
        numbers.map((n) => ({
          ...{ id: `t${n}`, kind: 'credit', actor: 'operator', idem_key: `key-${n}`, request_hash: 'h' },
          ...{ details: JSON.stringify({ note: `line ${n}` }), created_at: n },
        })),
      )
      .execute();
    await database
      .insertInto('ledger_entries')
      .values(numbers.map((n) => ({ transfer_id: `t${n}`, account_id: 'user:a', amount: 1, balance_after: n + 1 })))
      .execute();
  }
}

const filter = { account: 'spendable' } as const;

onEveryDatabase('a statement of thousands of lines', (open) => {
  test('is paged to its end, and its CSV is never whole in memory', async () => {
    const database = await open();
    await database
      .insertInto('ledger_accounts')
      .values({ id: 'user:a', kind: 'user', user_id: 'a', balance: LINES, updated_at: 0 })
      .execute();
    await writeLines(database, { from: 0, to: LINES });
    const statements = new Statements(database);
    const last = await statements.page('a', { ...filter, page: 25, pageSize: 200 });
    expect(last.total).toBe(LINES);
    expect(last.lines.map(({ balance }) => balance)).toEqual(Array.from({ length: 200 }, (_, n) => 200 - n));
    expect((await statements.page('a', { ...filter, page: 26, pageSize: 200 })).lines).toEqual([]);

    const balances: number[] = [];
    for await (const part of statements.csv('a', filter)) {
      const lines = part.trimEnd().split('\r\n');
      expect(lines.length).toBeLessThanOrEqual(MOST_AT_ONCE);
      // What comes meanwhile is no part of what was begun.
      if (balances.length === CHUNK) await writeLines(database, { from: LINES, to: LINES + 10 });
      for (const line of lines) if (/^\d/.test(line)) balances.push(Number(line.split(',')[3]));
    }
    expect(balances).toEqual(Array.from({ length: LINES }, (_, n) => LINES - n));
  });
});
