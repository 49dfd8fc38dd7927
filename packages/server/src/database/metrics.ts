import type { LogEvent } from 'kysely';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Connections as of now. `waiting` is undefined where callers do not queue for one. */
export interface PoolUse {
  used: number;
  idle: number;
  max: number;
  waiting?: number;
}

/** Counted as it happens, whether or not anybody reads it. */
export class DatabaseMetrics {
  readonly #seconds = new Histogram({
    name: 'kaibo_database_query_duration_seconds',
    help: 'How long statements took, from when they had a connection, by outcome: done or failed',
    labelNames: ['outcome'],
    buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [],
  });

  /** Of each statement. */
  readonly count = ({ level, queryDurationMillis }: LogEvent): void => {
    this.#seconds.observe({ outcome: level === 'query' ? 'done' : 'failed' }, queryDurationMillis / 1000);
  };

  show(registry: Registry, pool: () => PoolUse): void {
    registry.registerMetric(this.#seconds);
    const registers = [registry];
    new Gauge({
      name: 'kaibo_database_connections',
      help: 'Connections to the database, by state: used or idle',
      labelNames: ['state'],
      registers,
      collect() {
        const { used, idle } = pool();
        this.set({ state: 'used' }, used);
        this.set({ state: 'idle' }, idle);
      },
    });
    new Gauge({
      name: 'kaibo_database_connections_max',
      help: 'Connections to the database that there may be',
      registers,
      collect() {
        this.set(pool().max);
      },
    });
    if (pool().waiting === undefined) return;
    new Gauge({
      name: 'kaibo_database_waiting',
      help: 'Callers that wait for a connection to the database',
      registers,
      collect() {
        this.set(pool().waiting ?? 0);
      },
    });
  }
}

/** What was committed and is not announced yet; while the database is away nothing is known. */
export interface OutboxUse {
  waiting: number;
  /** ms since the epoch; undefined when nothing waits. */
  oldestAtMs: number | undefined;
  rejected: number;
}

export function measureOutbox(
  registry: Registry,
  { use, appended, now }: { use(): Promise<OutboxUse | undefined>; appended(): number; now(): number },
): void {
  const registers = [registry];
  let seen: Promise<OutboxUse | undefined> | undefined;
  /** All gauges of one scrape ask once. */
  const once = (): Promise<OutboxUse | undefined> => (seen ??= use().finally(() => (seen = undefined)));
  gauge('kaibo_outbox_waiting', 'Events that are committed and not announced yet, of all nodes', (it) => it.waiting);
  gauge('kaibo_outbox_lag_seconds', 'How long the oldest of them has waited', ({ oldestAtMs }) =>
    oldestAtMs === undefined ? 0 : Math.max(0, now() - oldestAtMs) / 1000,
  );
  gauge('kaibo_outbox_rejected', 'Events that could not be announced and were set aside', (it) => it.rejected);
  new Counter({
    name: 'kaibo_outbox_appended_total',
    help: 'Events that this node announced',
    registers,
    collect() {
      this.reset();
      this.inc(appended());
    },
  });

  function gauge(name: string, help: string, of: (use: OutboxUse) => number): void {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const seenNow = await once();
        this.set(seenNow === undefined ? Number.NaN : of(seenNow));
      },
    });
  }
}
