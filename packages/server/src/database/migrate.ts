import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { DatabaseOpenError } from './errors.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { DatabaseSchema } from './schema.ts';

export interface MigrationStatus {
  /** In the order in which they were or will be done. */
  done: readonly string[];
  pending: readonly string[];
  /** Done by a newer Kaibo than this one. */
  unknown: readonly string[];
}

/**
 * Brings the database to the newest migration; answers the names of those it did. Two processes may do so at once:
 * one waits for the other, by PostgreSQL's advisory lock or SQLite's write lock. A database that is as it should be is
 * only read, so that a start does not wait for a process that writes without a pause.
 * @throws DatabaseOpenError when the database is newer than this code
 */
export async function migrate(database: Kysely<DatabaseSchema>): Promise<string[]> {
  const { pending, unknown } = await migrationStatus(database);
  if (unknown.length > 0) throw new DatabaseOpenError(newerWords(unknown));
  if (pending.length === 0) return [];
  const { error, results = [] } = await migratorOf(database).migrateToLatest();
  if (error !== undefined) throw error;
  return results.map(({ migrationName }) => migrationName);
}

/** Changes nothing. */
export async function migrationStatus(database: Kysely<DatabaseSchema>): Promise<MigrationStatus> {
  const known = Object.keys(MIGRATIONS).toSorted();
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  const applied = tables.some(({ name }) => name === 'kysely_migration')
    ? (
        await database
          .withTables<{ kysely_migration: { name: string } }>()
          .selectFrom('kysely_migration')
          .select('name')
          .orderBy('name')
          .execute()
      ).map(({ name }) => name)
    : [];
  return {
    done: applied.filter((name) => known.includes(name)),
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

export function newerWords(unknown: readonly string[]): string {
  return `the database was changed by a newer Kaibo (${unknown.join(', ')}); run that version, or restore a backup made before it`;
}

function migratorOf(database: Kysely<DatabaseSchema>): Migrator {
  return new Migrator({ db: database, provider: { getMigrations: async () => MIGRATIONS } });
}
