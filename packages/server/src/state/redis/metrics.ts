import { Gauge, Histogram, type Registry } from 'prom-client';

/** Counted as it happens, whether or not anybody reads it. */
export class RedisMetrics {
  readonly #seconds = new Histogram({
    name: 'kaibo_redis_command_duration_seconds',
    help: 'How long Redis took to answer, by outcome: done or failed',
    labelNames: ['outcome'],
    buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2],
    registers: [],
  });
  #pending = 0;

  /** Times a command. */
  async time<Reply>(command: () => Promise<Reply>): Promise<Reply> {
    const startedMs = performance.now();
    let outcome = 'failed';
    this.#pending++;
    try {
      const reply = await command();
      outcome = 'done';
      return reply;
    } finally {
      this.#pending--;
      this.#seconds.observe({ outcome }, (performance.now() - startedMs) / 1000);
    }
  }

  show(registry: Registry): void {
    registry.registerMetric(this.#seconds);
    const pending = (): number => this.#pending;
    new Gauge({
      name: 'kaibo_redis_commands_pending',
      help: 'Commands that Redis has not answered yet',
      registers: [registry],
      collect() {
        this.set(pending());
      },
    });
  }
}
