import SqliteDriver from 'better-sqlite3';
import { Kysely, SqliteDialect, type Transaction as KyselyTransaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations/index.ts';
import type { DatabaseSchema } from './schema.ts';

export type Database = Kysely<DatabaseSchema>;
export type Transaction = KyselyTransaction<DatabaseSchema>;

/** Opens (or makes) the SQLite file and brings it to the newest migration. */
export async function openDatabase(file: string): Promise<Database> {
  const driver = new SqliteDriver(file);
  driver.pragma('journal_mode = WAL');
  driver.pragma('synchronous = FULL');
  driver.pragma('foreign_keys = ON');
  driver.pragma('busy_timeout = 5000');
  const database = new Kysely<DatabaseSchema>({ dialect: new SqliteDialect({ database: driver }) });
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    await database.destroy();
    throw error;
  }
  return database;
}
