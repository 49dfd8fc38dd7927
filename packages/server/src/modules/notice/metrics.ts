import { Counter, Gauge, type Registry } from 'prom-client';

export interface NoticeSources {
  /** Over all nodes. */
  pendingDeliveries(): Promise<number>;
}

/** Counts what this node did; nothing before it is measured. */
export class NoticeMetrics {
  #notices: Counter<'kind'> | undefined;
  #pushes: Counter<'outcome'> | undefined;
  #deliveries: Counter<'outcome'> | undefined;

  notice(kind: string): void {
    this.#notices?.inc({ kind });
  }

  push(outcome: string): void {
    this.#pushes?.inc({ outcome });
  }

  delivery(outcome: string, count = 1): void {
    this.#deliveries?.inc({ outcome }, count);
  }

  measure(registry: Registry, { pendingDeliveries }: NoticeSources): void {
    const registers = [registry];
    this.#notices = new Counter({
      ...{ name: 'kaibo_notices_total', help: 'Notices written', labelNames: ['kind'], registers },
    });
    this.#pushes = new Counter({
      ...{ name: 'kaibo_pushes_total', help: 'Pushes by what became of them', labelNames: ['outcome'], registers },
    });
    this.#deliveries = new Counter({
      name: 'kaibo_webhook_deliveries_total',
      help: 'Tries to deliver to webhooks, by what became of them',
      ...{ labelNames: ['outcome'], registers },
    });
    new Gauge({
      name: 'kaibo_webhook_deliveries_pending',
      help: 'Deliveries to webhooks that wait',
      registers,
      async collect() {
        this.set(await pendingDeliveries().catch(() => Number.NaN));
      },
    });
  }
}
