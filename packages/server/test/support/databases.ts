import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import {
  connectDatabase,
  openDatabase,
  type Database,
  type DatabaseHandle,
  type DatabaseOptions,
} from '../../src/database/database.ts';
import { PostgresServer } from './postgres.ts';

export interface TestDatabases {
  kind: Kind;
  /** Of a fresh, empty database. */
  options(): Promise<DatabaseOptions>;
  /** Opened, migrated or as it is, closed when the test ends. */
  handle(options: DatabaseOptions, how?: 'migrated' | 'as it is'): Promise<DatabaseHandle>;
  /** The server; only on PostgreSQL. */
  server(): PostgresServer;
}

let shared: PostgresServer | undefined;

type Kind = DatabaseHandle['kind'];
type Tests = (open: () => Promise<Database>, databases: TestDatabases) => void;

/** Runs the same tests on SQLite and on a PostgreSQL of this test file; `open` makes a fresh, migrated database for a test. */
export function onEveryDatabase(name: string, tests: Tests): void {
  for (const kind of ['sqlite', 'postgres'] as const) onDatabase(kind, name, tests);
}

/** What only one of them has. */
export function onDatabase(kind: Kind, name: string, tests: Tests): void {
  describe(`${name} on ${kind}`, () => {
    if (kind === 'postgres') beforeAll(async () => void (shared ??= await PostgresServer.start()));
    const databases = databasesOf(kind);
    tests(async () => (await databases.handle(await databases.options())).database, databases);
  });
  afterAll(async () => {
    await shared?.[Symbol.asyncDispose]();
    shared = undefined;
  });
}

function databasesOf(kind: Kind): TestDatabases {
  const server = (): PostgresServer => {
    if (shared === undefined) throw new Error('PostgreSQL is there for its own tests only');
    return shared;
  };
  return {
    kind,
    server,
    options: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'kaibo-test-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      return {
        url: kind === 'postgres' ? await server().createDatabase() : undefined,
        folder,
        poolSize: 10,
        statementTimeoutMs: 15_000,
        logger: pino({ level: 'silent' }),
      };
    },
    handle: async (options, how = 'migrated') => {
      const handle = await (how === 'migrated' ? openDatabase(options) : connectDatabase(options));
      onTestFinished(() => handle.close());
      return handle;
    },
  };
}
