import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { connectDatabase, type Database, type DatabaseHandle } from '../../database/database.ts';
import { migrationStatus, newerWords } from '../../database/migrate.ts';
import { databaseOptionsOf } from '../site.ts';
import { fail, ok, reason, warn, type Check, type Finding } from './check.ts';
import { judgeClock } from './clock.ts';

/** Events that wait longer than this are not being announced. */
const OUTBOX_LATE_MS = 60_000;
const SUBJECT = 'database';

/** Reached, in the right form, sound, written to, and its events get out. */
export const checkDatabase: Check = async ({ config, folder, runningPid }) => {
  if (config.database.url === undefined && !existsSync(join(folder, 'kaibo.db')))
    return [ok(SUBJECT, 'SQLite, made at the first start')];
  let handle: DatabaseHandle;
  try {
    handle = await connectDatabase(databaseOptionsOf(config));
  } catch (error) {
    return [fail(SUBJECT, reason(error), 'start the database, or correct database.url')];
  }
  try {
    return await examine(handle, runningPid !== undefined);
  } catch (error) {
    return [
      fail(SUBJECT, `${handle.place}: ${reason(error)}`, 'restore the last backup, or look at the log of the database'),
    ];
  } finally {
    await handle.close();
  }
};

async function examine({ kind, place, database }: DatabaseHandle, isRunning: boolean): Promise<Finding[]> {
  const findings: Finding[] = [ok(SUBJECT, `${place} answers (${await versionOf(kind, database)})`)];
  if (kind === 'sqlite') findings.push(await quickCheck(database));
  findings.push(await writable(kind, database));
  if (kind === 'postgres') findings.push(await clockOf(database));
  const { pending, unknown } = await migrationStatus(database);
  if (unknown.length > 0)
    return [...findings, fail('migrations', newerWords(unknown), 'install the newer Kaibo again')];
  if (pending.length > 0)
    return [
      ...findings,
      warn('migrations', `${pending.join(', ')} not done yet`, 'kaibo migrate, or the next start does it'),
    ];
  return [...findings, ok('migrations', 'all done'), ...(await outbox(database, isRunning))];
}

async function versionOf(kind: DatabaseHandle['kind'], database: Database): Promise<string> {
  const query =
    kind === 'sqlite'
      ? sql<{ version: string }>`select 'SQLite ' || sqlite_version() as version`
      : sql<{ version: string }>`select 'PostgreSQL ' || current_setting('server_version') as version`;
  return (await query.execute(database)).rows[0]?.version ?? '';
}

async function quickCheck(database: Database): Promise<Finding> {
  const { rows } = await sql<{ quick_check: string }>`pragma quick_check`.execute(database);
  const found = rows.map(({ quick_check: line }) => line).join('; ');
  if (found === 'ok') return ok('database file', 'sound');
  return fail('database file', `damaged: ${found.slice(0, 200)}`, 'stop Kaibo and restore the last backup');
}

/** A table is made and taken back again: the disk, the rights and the read-only mode all speak up. */
async function writable(kind: DatabaseHandle['kind'], database: Database): Promise<Finding> {
  const undone = new Error('undone');
  try {
    await database.transaction().execute(async (transaction) => {
      await sql`create table kaibo_doctor (n integer)`.execute(transaction);
      throw undone;
    });
  } catch (error) {
    if (error !== undone) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      const fix =
        kind === 'sqlite'
          ? 'free the disk, and chown dataDir to this user'
          : 'grant the user all rights on its database';
      return fail('database writes', reason(cause), fix);
    }
  }
  return ok('database writes', 'allowed');
}

async function clockOf(database: Database): Promise<Finding> {
  const startedAtMs = Date.now();
  const query = sql<{ ms: number }>`select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms`;
  const theirsMs = (await query.execute(database)).rows[0]?.ms ?? 0;
  return judgeClock("the database's clock", { startedAtMs, endedAtMs: Date.now(), theirsMs });
}

async function outbox(database: Database, isRunning: boolean): Promise<Finding[]> {
  const oldest = await database.selectFrom('outbox').select('created_at').orderBy('seq').limit(1).executeTakeFirst();
  const rejected = await database
    .selectFrom('outbox_rejected')
    .select((builder) => builder.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const findings: Finding[] = [];
  if (isRunning && oldest !== undefined && Date.now() - oldest.created_at > OUTBOX_LATE_MS)
    findings.push(
      warn(
        'events',
        'committed events are not announced',
        'look for "wait to be announced" in the log; is Redis there?',
      ),
    );
  if (rejected.count > 0)
    findings.push(
      warn(
        'events',
        `${rejected.count} could not be announced`,
        'read the table outbox_rejected, report it, and delete its rows',
      ),
    );
  return findings;
}
