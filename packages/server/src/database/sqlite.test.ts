import { statSync } from 'node:fs';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { onDatabase } from '../../test/support/databases.ts';
import { audit } from './audit.ts';
import { DatabaseUnavailableError } from './errors.ts';

const entry = { actor: 'system', action: 'test.done', subject: 'test:1', atMs: 1_800_000_000_123 };

onDatabase('sqlite', 'the file', (_open, databases) => {
  test('the file is durable, checked and its owner’s only', async () => {
    const handle = await databases.handle(await databases.options());
    const pragma = async (name: string): Promise<unknown> =>
      Object.values((await sql.raw<object>(`pragma ${name}`).execute(handle.database)).rows[0] ?? {})[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    expect(statSync(handle.place).mode & 0o777).toBe(0o600);
  });

  test('what another process holds is unavailable, not broken', async () => {
    const options = await databases.options();
    const [one, other] = [await databases.handle(options), await databases.handle(options)];
    await sql`pragma busy_timeout = 1`.execute(other.database);
    await one.database.transaction().execute(async (transaction) => {
      await audit(transaction, entry);
      await expect(other.database.transaction().execute((blocked) => audit(blocked, entry))).rejects.toBeInstanceOf(
        DatabaseUnavailableError,
      );
    });
    expect(other.breaker.state).toBe('closed');
    await other.database.transaction().execute((transaction) => audit(transaction, entry));
    expect(await one.database.selectFrom('audit_log').select('at').execute()).toHaveLength(2);
  });
});
