import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Counted as it happens, whether or not anybody reads it. */
export class ChatMetrics {
  readonly #registers: Registry[] = [];
  readonly #messages = new Counter({
    name: 'kaibo_chat_messages_total',
    help: 'Messages by what became of them: shown, held, or the code of the refusal',
    labelNames: ['outcome'],
    registers: this.#registers,
  });
  readonly #batch = new Histogram({
    name: 'kaibo_chat_commit_messages',
    help: 'Messages in one commit',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers: this.#registers,
  });
  readonly #seconds = new Histogram({
    name: 'kaibo_chat_commit_seconds',
    help: 'How long a commit took',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers: this.#registers,
  });

  outcome(outcome: string): void {
    this.#messages.inc({ outcome });
  }

  commit(messages: number, seconds: number): void {
    this.#batch.observe(messages);
    this.#seconds.observe(seconds);
  }

  /** Shows them, and what is read at each scrape. */
  show(registry: Registry, sources: { waiting(): number; leftOut(): number }): void {
    for (const metric of [this.#messages, this.#batch, this.#seconds]) registry.registerMetric(metric);
    const registers = [registry];
    new Gauge({
      name: 'kaibo_chat_waiting',
      help: 'Messages that wait for their commit',
      registers,
      collect() {
        this.set(sources.waiting());
      },
    });
    new Gauge({
      name: 'kaibo_danmaku_left_out',
      help: 'Danmaku that did not fly in a storm, since the start',
      registers,
      collect() {
        this.set(sources.leftOut());
      },
    });
  }
}
