import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import type { DatabaseBreaker, Verdict } from './breaker.ts';
import type { PoolUse } from './metrics.ts';
import { codeOf, DatabaseOpenError, reasonOf } from './errors.ts';

const CONNECT_TIMEOUT_MS = 5000;
const IDLE_MS = 30_000;
const KEEPALIVE_MS = 10_000;
/** A transaction of a node that froze must not hold its rows for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** How much later than the server's own cancelling a silent connection is given up. */
const SILENCE_MS = 2000;
const RETRY_FROM_MS = 100;
const RETRY_TO_MS = 2000;

const INT8 = 20;
/** Connection exceptions, shutdown and start of the server, no connection left. */
const LOST_STATES = /^(08...|57P0[1-5]|53300)$/;
/** Read-only after a fail-over; cancelled, having waited too long for a lock or a disk. */
const BUSY_STATES = /^(25006|57014)$/;
/** Wrong name or password, or no such database: waiting does not help. */
const SETUP_STATES = /^(28...|3D000)$/;
/** What pg itself says, without a code. */
const LOST_WORDS =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout)/;
const NETWORK_CODES =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_\w+|ENOENT|EACCES|EADDRNOTAVAIL)$/;

export interface PostgresOptions {
  url: string;
  poolSize: number;
  /** 0 is none. */
  statementTimeoutMs: number;
  logger: Logger;
}

/** Where it is, without the password: `postgres://kaibo@db:5432/kaibo`. */
export function describePostgres(url: string): string {
  const { user = '', host, port, database = '' } = clientOf(url);
  return `postgres://${user}@${host}:${port}/${database}`;
}

function clientOf(url: string): pg.Client {
  try {
    return new pg.Client({ connectionString: url });
  } catch (error) {
    throw new DatabaseOpenError(
      'database.url is not a PostgreSQL address; it reads postgres://USER:PASSWORD@HOST:5432/NAME',
      {
        // The error of the parser repeats the address, so it is not kept as the cause.
        cause: codeOf(error),
      },
    );
  }
}

export function judgePostgres(error: unknown): Verdict {
  const code = codeOf(error);
  if (LOST_STATES.test(code) || NETWORK_CODES.test(code)) return 'lost';
  if (error instanceof Error && LOST_WORDS.test(error.message)) return 'lost';
  if (error instanceof Error && error.message.startsWith('timeout exceeded when trying to connect')) return 'busy';
  return BUSY_STATES.test(code) ? 'busy' : 'statement';
}

export function createPool({ url, poolSize, statementTimeoutMs, logger }: PostgresOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'kaibo',
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    statement_timeout: statementTimeoutMs === 0 ? undefined : statementTimeoutMs,
    query_timeout: statementTimeoutMs === 0 ? undefined : statementTimeoutMs + SILENCE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types: { getTypeParser: parserOf },
  });
  // Connections that break while they are idle, or while a transaction thinks, tell nobody else.
  pool.on('error', (error) => logger.debug({ reason: reasonOf(error) }, 'an idle database connection ended'));
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Counts and times fit a number; pg would give int8 as text. */
const parserOf: pg.CustomTypesConfig['getTypeParser'] = (oid, format) =>
  oid === INT8 && format !== 'binary' ? Number : (pg.types.getTypeParser(oid, format) as (value: string) => unknown);

/**
 * Resolves once the database answers; while it cannot be reached it is asked again, for `timeoutMs`.
 * @throws DatabaseOpenError
 */
export async function waitForPostgres(pool: pg.Pool, options: PostgresOptions & { timeoutMs: number }): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  const place = describePostgres(options.url);
  for (let pauseMs = RETRY_FROM_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_TO_MS)) {
    try {
      await pool.query('select 1');
      return;
    } catch (error) {
      const reason = reasonOf(error);
      if (judgePostgres(error) !== 'lost' || SETUP_STATES.test(codeOf(error)))
        throw new DatabaseOpenError(`the database ${place} refuses: ${reason}`, { cause: error });
      if (performance.now() + pauseMs > deadline)
        throw new DatabaseOpenError(`the database ${place} cannot be reached: ${reason}`, { cause: error });
      if (pauseMs === RETRY_FROM_MS) options.logger.warn({ reason }, `waiting for the database ${place}`);
      await delay(pauseMs);
    }
  }
}

export function poolUse({ totalCount, idleCount, waitingCount, options }: pg.Pool): PoolUse {
  return { used: totalCount - idleCount, idle: idleCount, max: options.max ?? totalCount, waiting: waitingCount };
}

/** The pool as Kysely uses it, behind the breaker. A connection that was lost in use does not go back to the pool. */
export function guardPool(pool: pg.Pool, breaker: DatabaseBreaker): PostgresPool {
  return {
    options: pool.options,
    connect: async () => guardClient(await breaker.acquire(() => pool.connect()), breaker),
    end: () => pool.end(),
  };
}

function guardClient(client: pg.PoolClient, breaker: DatabaseBreaker): PostgresPoolClient {
  let isLost = false;
  const query = (text: string, parameters: readonly unknown[]): Promise<unknown> =>
    breaker.run(async () => {
      try {
        return await client.query(text, [...parameters]);
      } catch (error) {
        isLost ||= judgePostgres(error) === 'lost';
        throw error;
      }
    });
  return {
    query: query as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || isLost),
  };
}
