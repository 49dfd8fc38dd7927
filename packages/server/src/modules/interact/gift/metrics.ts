import { Counter, Gauge, type Registry } from 'prom-client';

/** Counted as it happens, whether or not anybody reads it. */
export class GiftMetrics {
  readonly #registers: Registry[] = [];
  readonly #gifts = new Counter({
    name: 'kaibo_gifts_total',
    help: 'Gifts by what became of them: given, repeated (by a key that was known), or the code of the refusal',
    labelNames: ['outcome'],
    registers: this.#registers,
  });
  readonly #coins = new Counter({
    name: 'kaibo_gift_coins_total',
    help: 'Coins that were given',
    registers: this.#registers,
  });

  outcome(outcome: string): void {
    this.#gifts.inc({ outcome });
  }

  given(coins: number): void {
    this.#gifts.inc({ outcome: 'given' });
    this.#coins.inc(coins);
  }

  /** Shows them, and what is read at each scrape. */
  show(registry: Registry, sources: { waiting(): number }): void {
    registry.registerMetric(this.#gifts);
    registry.registerMetric(this.#coins);
    new Gauge({
      name: 'kaibo_gifts_waiting',
      help: 'Gifts that wait for others to be carried out',
      registers: [registry],
      collect() {
        this.set(sources.waiting());
      },
    });
  }
}
