import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PlannedBeacon } from './contract.ts';

/** Counted as it happens on this node, whether or not anybody reads it. */
export class LotteryMetrics {
  readonly #entries = new Counter({
    ...{ name: 'kaibo_lottery_entries_total', help: 'Entries of lotteries', registers: [] },
  });
  readonly #ended = new Counter({
    name: 'kaibo_lotteries_ended_total',
    help: 'Lotteries that came to their end, by how',
    ...{ labelNames: ['outcome'], registers: [] },
  });
  readonly #failures = new Counter({
    name: 'kaibo_lottery_beacon_failures_total',
    help: 'Tries to get what decides a lottery that failed',
    ...{ labelNames: ['beacon'], registers: [] },
  });
  readonly #seconds = new Histogram({
    name: 'kaibo_lottery_beacon_seconds',
    help: 'How long it took to get what decides a lottery, once it could be known',
    labelNames: ['beacon'],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60],
    registers: [],
  });

  entered(count: number): void {
    this.#entries.inc(count);
  }

  ended(outcome: 'drawn' | 'cancelled'): void {
    this.#ended.inc({ outcome });
  }

  beaconFailed(beacon: PlannedBeacon['kind']): void {
    this.#failures.inc({ beacon });
  }

  beaconTook(beacon: PlannedBeacon['kind'], ms: number): void {
    this.#seconds.observe({ beacon }, ms / 1000);
  }

  /** Shows them; `open` counts the lotteries that take entries, over all nodes, at each scrape. */
  measure(registry: Registry, { open }: { open(): Promise<number> }): void {
    registry.registerMetric(this.#entries);
    registry.registerMetric(this.#ended);
    registry.registerMetric(this.#failures);
    registry.registerMetric(this.#seconds);
    new Gauge({
      name: 'kaibo_lotteries_open',
      help: 'Lotteries that take entries, over all nodes',
      registers: [registry],
      async collect() {
        this.set(await open().catch(() => Number.NaN));
      },
    });
  }
}
