import { chmodSync } from 'node:fs';
import SqliteFile from 'better-sqlite3';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import { type DatabaseBreaker, type Verdict } from './breaker.ts';
import { codeOf, DatabaseOpenError, reasonOf } from './errors.ts';

/** How long a second process, such as `kaibo user ban`, may hold the file. */
const BUSY_TIMEOUT_MS = 5000;
/** Statements kept prepared; those used longest ago are dropped. */
const PREPARED = 256;

/**
 * Opens or makes the file: durable with every commit, readable for its owner only.
 * @throws DatabaseOpenError
 */
export function openSqliteFile(file: string, options: SqliteFile.Options = {}): SqliteFile.Database {
  let connection: SqliteFile.Database | undefined;
  try {
    connection = new SqliteFile(file, { timeout: BUSY_TIMEOUT_MS, ...options });
    if (options.readonly !== true) {
      chmodSync(file, 0o600);
      connection.pragma('journal_mode = WAL');
    }
    connection.pragma('synchronous = FULL');
    connection.pragma('foreign_keys = ON');
    connection.pragma('trusted_schema = OFF');
    return connection;
  } catch (error) {
    connection?.close();
    throw new DatabaseOpenError(`the database ${file} cannot be opened: ${reasonOf(error)}`, { cause: error });
  }
}

export function judgeSqlite(error: unknown): Verdict {
  const code = codeOf(error);
  if (/^SQLITE_(IOERR|CANTOPEN|PROTOCOL)/.test(code)) return 'lost';
  return /^SQLITE_(BUSY|LOCKED|FULL|READONLY)/.test(code) ? 'busy' : 'statement';
}

export function sqliteDialect(file: SqliteFile.Database, breaker: DatabaseBreaker): Dialect {
  const kyselys = new SqliteDialect({ database: file });
  return {
    createDriver: () => new FileDriver(file, breaker),
    createAdapter: () => new FileAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (database) => kyselys.createIntrospector(database),
  };
}

/** SQLite rolls table changes back too, and its `begin immediate` is the lock against a second process that migrates. */
class FileAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** One connection, which Kysely gives to one caller at a time. */
class FileDriver implements Driver {
  readonly #file: SqliteFile.Database;
  readonly #connection: FileConnection;

  constructor(file: SqliteFile.Database, breaker: DatabaseBreaker) {
    this.#file = file;
    this.#connection = new FileConnection(file, breaker);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  /** Immediate: a transaction that reads first and writes later would be refused when another process wrote between. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk or an error of the disk has rolled back by itself.
    if (this.#file.inTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#file.close();
  }
}

class FileConnection implements DatabaseConnection {
  readonly #file: SqliteFile.Database;
  readonly #breaker: DatabaseBreaker;
  readonly #prepared = new Map<string, SqliteFile.Statement>();

  constructor(file: SqliteFile.Database, breaker: DatabaseBreaker) {
    this.#file = file;
    this.#breaker = breaker;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    return this.#breaker.run(async () => {
      const statement = this.#prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters) as Row[] };
      const { changes, lastInsertRowid } = statement.run(parameters);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    });
  }

  // oxlint-disable-next-line require-yield -- Kysely asks for the method; nothing here streams.
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('streaming is not used');
  }

  #prepare(sql: string): SqliteFile.Statement {
    const known = this.#prepared.get(sql);
    if (known !== undefined) {
      this.#prepared.delete(sql);
      this.#prepared.set(sql, known);
      return known;
    }
    const statement = this.#file.prepare(sql);
    this.#prepared.set(sql, statement);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > PREPARED && oldest !== undefined) this.#prepared.delete(oldest);
    return statement;
  }
}
