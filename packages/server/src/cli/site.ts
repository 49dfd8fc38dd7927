import { resolve } from 'node:path';
import { pino } from 'pino';
import { loadConfig, type Config } from '../app/config.ts';
import { OperatorError } from '../app/operator-error.ts';
import type { DatabaseHandle, DatabaseOptions } from '../database/database.ts';
import { DatabaseOpenError } from '../database/errors.ts';

/** A person waits at the terminal. */
const START_TIMEOUT_MS = 5000;

/** Reads the configuration as `kaibo start` does. @throws ConfigError */
export async function configOf(flags: readonly string[]): Promise<Config> {
  const { config, warnings } = await loadConfig({ flags, env: process.env });
  for (const warning of warnings) console.error(warning);
  return config;
}

export function databaseOptionsOf({ database, dataDir }: Config): DatabaseOptions {
  return {
    ...database,
    folder: resolve(dataDir),
    poolSize: 2,
    startTimeoutMs: START_TIMEOUT_MS,
    // What goes wrong is thrown, and printed as one line.
    logger: pino({ level: 'silent' }),
  };
}

/** Opens, works, closes. @throws OperatorError for a database that cannot be used */
export async function withDatabase<Result>(
  open: () => Promise<DatabaseHandle>,
  work: (handle: DatabaseHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await asOperator(open);
  try {
    return await asOperator(() => work(handle));
  } finally {
    await handle.close();
  }
}

/** What the database says is wrong with its set-up is the operator's to put right. */
export async function asOperator<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DatabaseOpenError) throw new OperatorError(error.message, { cause: error });
    throw error;
  }
}
