import { join } from 'node:path';
import { Kysely, PostgresDialect, type Transaction as KyselyTransaction } from 'kysely';
import type { LogEvent } from 'kysely';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { DatabaseBreaker } from './breaker.ts';
import { DatabaseMetrics } from './metrics.ts';
import { migrate } from './migrate.ts';
import type { DatabaseSchema } from './schema.ts';
import { judgeSqlite, openSqliteFile, sqliteDialect } from './sqlite.ts';

export type Database = Kysely<DatabaseSchema>;
export type Transaction = KyselyTransaction<DatabaseSchema>;

export interface DatabaseOptions {
  /** `postgres://…`; left out, the SQLite file in `folder`. */
  url?: string;
  /** Absolute path of dataDir. */
  folder: string;
  poolSize: number;
  statementTimeoutMs: number;
  logger: Logger;
  /** How long a PostgreSQL that does not answer is waited for. */
  startTimeoutMs?: number;
  /** Of each statement, once it is over and on the way of whoever asked for it. */
  heard?(event: LogEvent): void;
}

/** An open database, and what readiness, metrics and the command line ask of it. Stores take `database` only. */
export interface DatabaseHandle {
  readonly kind: 'sqlite' | 'postgres';
  /** The file, or the address without its password. */
  readonly place: string;
  readonly database: Database;
  readonly breaker: Pick<DatabaseBreaker, 'state'>;
  measure(registry: Registry): void;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/**
 * Opens the database and brings it to the newest migration.
 * @throws DatabaseOpenError
 */
export async function openDatabase(options: DatabaseOptions): Promise<DatabaseHandle> {
  const handle = await connectDatabase(options);
  try {
    await migrateDatabase(options, handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Opens the database as it is.
 * @throws DatabaseOpenError
 */
export async function connectDatabase(options: DatabaseOptions): Promise<DatabaseHandle> {
  const { url, logger, startTimeoutMs: timeoutMs = START_TIMEOUT_MS } = options;
  if (url === undefined) return connectSqlite(join(options.folder, 'kaibo.db'), options);
  const { createPool, describePostgres, guardPool, judgePostgres, poolUse, waitForPostgres } =
    await import('./postgres.ts');
  const place = describePostgres(url);
  const pool = createPool({ ...options, url });
  const breaker = new DatabaseBreaker({ judge: judgePostgres, logger });
  const metrics = new DatabaseMetrics();
  const log = heardBy(metrics, options);
  const database: Database = new Kysely({ dialect: new PostgresDialect({ pool: guardPool(pool, breaker) }), log });
  try {
    await waitForPostgres(pool, { ...options, url, timeoutMs });
  } catch (error) {
    await pool.end();
    throw error;
  }
  const close = async (): Promise<void> => {
    await database.destroy();
    // Kysely ends the pool only when it has used it.
    if (!pool.ending) await pool.end();
  };
  const measure = (registry: Registry): void => metrics.show(registry, () => poolUse(pool));
  return { kind: 'postgres', place, database, breaker, measure, close };
}

function heardBy(metrics: DatabaseMetrics, { heard }: Pick<DatabaseOptions, 'heard'>): (event: LogEvent) => void {
  if (heard === undefined) return metrics.count;
  return (event) => {
    metrics.count(event);
    heard(event);
  };
}

function connectSqlite(file: string, options: DatabaseOptions): DatabaseHandle {
  const { logger } = options;
  const breaker = new DatabaseBreaker({ judge: judgeSqlite, logger });
  const connection = openSqliteFile(file);
  const metrics = new DatabaseMetrics();
  const database: Database = new Kysely({
    dialect: sqliteDialect(connection, breaker),
    log: heardBy(metrics, options),
  });
  return {
    kind: 'sqlite',
    place: file,
    database,
    breaker,
    measure: (registry) =>
      metrics.show(registry, () => {
        const used = connection.inTransaction ? 1 : 0;
        return { used, idle: 1 - used, max: 1 };
      }),
    close: async () => {
      await database.destroy();
      connection.close();
    },
  };
}

/** Answers the names of the migrations that were done. A migration may take longer than any statement of a request. */
export async function migrateDatabase(
  { url, logger }: DatabaseOptions,
  { database }: DatabaseHandle,
): Promise<string[]> {
  if (url === undefined) return migrate(database);
  const { createPool } = await import('./postgres.ts');
  const pool = createPool({ url, logger, poolSize: 1, statementTimeoutMs: 0 });
  const patient: Database = new Kysely({ dialect: new PostgresDialect({ pool }) });
  try {
    return await migrate(patient);
  } finally {
    await patient.destroy();
  }
}
