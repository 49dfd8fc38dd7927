import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
  /** Of a fresh database, empty or brought to the newest migration. */
  options(as?: 'empty' | 'migrated'): Promise<DatabaseOptions>;
  /** Opened, migrated or as it is, closed when the test ends. */
  handle(options: DatabaseOptions, how?: 'migrated' | 'as it is'): Promise<DatabaseHandle>;
  /** The server; only on PostgreSQL. */
  server(): PostgresServer;
}

/** Of this process, for all its test files; it ends with it. */
let shared: PostgresServer | undefined;
/** Of one server: each takes 10 MB of what is memory for the most part. */
const MAX_DATABASES = 60;

/** Migrated once, and copied for each test: migrations take longer than most tests do. */
const templates = new Map<Kind, Promise<CopyTo>>();
type CopyTo = (folder: string) => Promise<{ url?: string }>;

type Kind = DatabaseHandle['kind'];
type Tests = (open: () => Promise<Database>, databases: TestDatabases) => void;

/** Runs the same tests on SQLite and on PostgreSQL; `open` makes a fresh, migrated database for a test. */
export function onEveryDatabase(name: string, tests: Tests): void {
  for (const kind of ['sqlite', 'postgres'] as const) onDatabase(kind, name, tests);
}

/** What only one of them has. */
export function onDatabase(kind: Kind, name: string, tests: Tests): void {
  describe(`${name} on ${kind}`, () => {
    if (kind === 'postgres')
      beforeAll(async () => {
        shared ??= await PostgresServer.start();
        // A test that stopped it may have failed before it went on.
        await shared.resume();
      });
    const databases = databasesOf(kind);
    tests(async () => (await databases.handle(await databases.options('migrated'), 'as it is')).database, databases);
  });
  afterAll(async () => {
    if (shared === undefined || shared.databases < MAX_DATABASES) return;
    templates.delete('postgres');
    const full = shared;
    shared = undefined;
    await full[Symbol.asyncDispose]();
  });
}

function server(): PostgresServer {
  if (shared === undefined) throw new Error('PostgreSQL is there for its own tests only');
  return shared;
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'kaibo-test-'));
}

function optionsOf(folder: string): DatabaseOptions {
  return { folder, poolSize: 10, statementTimeoutMs: 15_000, logger: pino({ level: 'silent' }) };
}

function templateOf(kind: Kind): Promise<CopyTo> {
  const made = templates.get(kind) ?? (kind === 'postgres' ? postgresTemplate() : sqliteTemplate());
  templates.set(kind, made);
  return made;
}

async function sqliteTemplate(): Promise<CopyTo> {
  const from = newFolder();
  const handle = await openDatabase(optionsOf(from));
  await handle.close();
  return async (folder) => {
    copyFileSync(handle.place, join(folder, basename(handle.place)));
    return {};
  };
}

async function postgresTemplate(): Promise<CopyTo> {
  const folder = newFolder();
  const url = await server().createDatabase();
  await (await openDatabase({ ...optionsOf(folder), url })).close();
  rmSync(folder, { recursive: true, force: true });
  const name = new URL(url).pathname.slice(1);
  return async () => ({ url: await server().createDatabase(name) });
}

function databasesOf(kind: Kind): TestDatabases {
  return {
    kind,
    server,
    options: async (as = 'empty') => {
      const folder = newFolder();
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      if (as === 'migrated') return { ...optionsOf(folder), ...(await (await templateOf(kind))(folder)) };
      return { ...optionsOf(folder), url: kind === 'postgres' ? await server().createDatabase() : undefined };
    },
    handle: async (options, how = 'migrated') => {
      const handle = await (how === 'migrated' ? openDatabase(options) : connectDatabase(options));
      onTestFinished(() => handle.close());
      return handle;
    },
  };
}
