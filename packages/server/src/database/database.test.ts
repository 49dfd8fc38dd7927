import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../test/support/databases.ts';
import { audit } from './audit.ts';
import { openDatabase, type Database } from './database.ts';
import { DatabaseOpenError, DatabaseUnavailableError, isUniqueViolation } from './errors.ts';
import { migrate, migrationStatus } from './migrate.ts';

const entry = { actor: 'system', action: 'test.done', subject: 'test:1', atMs: 1_800_000_000_123 };
const countAudit = async (database: Database): Promise<unknown> =>
  (
    await database
      .selectFrom('audit_log')
      .select((builder) => builder.fn.countAll().as('count'))
      .executeTakeFirstOrThrow()
  ).count;

onEveryDatabase('the database', (open, databases) => {
  test('what has to be unique and is there already is told from other faults', async () => {
    const database = await open();
    await sql`create table marks (mark text unique)`.execute(database);
    await sql`insert into marks values ('one')`.execute(database);
    const again = await sql`insert into marks values ('one')`.execute(database).catch((error: unknown) => error);
    const wrong = await sql`insert into nothing values ('one')`.execute(database).catch((error: unknown) => error);
    expect([again, wrong].map(isUniqueViolation)).toEqual([true, false]);
  });

  test('times and counts are numbers, and details come back as they were', async () => {
    const database = await open();
    const details = { title: "'; drop table rooms; --", emoji: '🎉' };
    await database.transaction().execute((transaction) => audit(transaction, { ...entry, details, address: '::1' }));
    const row = await database.selectFrom('audit_log').selectAll().executeTakeFirstOrThrow();
    expect(row).toEqual({
      ...{ seq: 1, at: entry.atMs, actor: 'system', action: 'test.done', subject: 'test:1', address: '::1' },
      details: JSON.stringify(details),
    });
    expect(await countAudit(database)).toBe(1);
  });

  test('a transaction that throws leaves nothing, and what it threw is thrown', async () => {
    const database = await open();
    const fault = new Error('no');
    await expect(
      database.transaction().execute(async (transaction) => {
        await audit(transaction, entry);
        throw fault;
      }),
    ).rejects.toBe(fault);
    expect(await countAudit(database)).toBe(0);
  });

  test('every migration is done once, and asking again does nothing', async () => {
    const handle = await databases.handle(await databases.options(), 'as it is');
    const before = await migrationStatus(handle.database);
    expect(before).toEqual({ done: [], pending: expect.arrayContaining(['0001-rooms']), unknown: [] });
    expect(await migrate(handle.database)).toEqual(before.pending);
    expect(await migrate(handle.database)).toEqual([]);
    expect(await migrationStatus(handle.database)).toEqual({ done: before.pending, pending: [], unknown: [] });
  });

  test('a database of a newer Kaibo is refused and left as it is', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    await sql`insert into kysely_migration (name, timestamp) values ('9999-future', '2030-01-01T00:00:00.000Z')`.execute(
      database,
    );
    await expect(openDatabase(options)).rejects.toThrow(
      new DatabaseOpenError(
        'the database was changed by a newer Kaibo (9999-future); run that version, or restore a backup made before it',
      ),
    );
  });

  test('a refused statement says so and does not open the breaker', async () => {
    const handle = await databases.handle(await databases.options());
    const secret = { id: 'one', purpose: 'token', value: 'x', created_at: 1, retired_at: null };
    await handle.database.insertInto('secrets').values(secret).execute();
    for (let attempt = 0; attempt < 20; attempt++)
      await expect(handle.database.insertInto('secrets').values(secret).execute()).rejects.not.toBeInstanceOf(
        DatabaseUnavailableError,
      );
    expect(handle.breaker.state).toBe('closed');
  });
});
