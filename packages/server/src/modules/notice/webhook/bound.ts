import type { Logger } from 'pino';
import { audit } from '../../../database/audit.ts';
import type { Outbox } from '../../../database/outbox.ts';
import type { Notifier } from '../contract.ts';
import { Loop } from '../../../database/loop.ts';
import { PLATFORM } from './contract.ts';
import type { WebhookStore } from './store.ts';

const EVERY_MS = 60_000;
/** An owner is told of it once in this time, however long it goes on. */
const TOLD_FOR_MS = 86_400_000;

export interface DeliveryBoundDeps {
  store: WebhookStore;
  outbox: Outbox;
  notifier: Notifier;
  logger: Logger;
  now: () => number;
  /** Deliveries that may wait for one webhook. */
  maxWaiting: number;
  /** So many were given up. */
  count(dropped: number): void;
}

/**
 * Keeps what waits for each webhook within its bound, to a minute's worth: of more the oldest are dead, and can be
 * replayed like any that are. Done by every node, each row by one of them.
 */
export class DeliveryBound {
  readonly #deps: DeliveryBoundDeps;
  readonly #loop: Loop;

  constructor(deps: DeliveryBoundDeps) {
    this.#deps = deps;
    const { logger } = deps;
    this.#loop = new Loop({
      ...{ logger, restMs: EVERY_MS, failedWords: 'deliveries to webhooks were not bounded' },
      work: async () => {
        await this.enforce();
        return false;
      },
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async enforce(): Promise<void> {
    const { store, maxWaiting } = this.#deps;
    for (const webhookId of await store.overfull(maxWaiting)) await this.#drop(webhookId);
  }

  async #drop(webhookId: string): Promise<void> {
    const { store, outbox, notifier, logger, now, maxWaiting, count } = this.#deps;
    const hook = await store.find(webhookId);
    if (hook === undefined) return;
    const { owner } = hook;
    const { host } = new URL(hook.url);
    const dropped = await outbox.transact(async (work) => {
      const { transaction } = work;
      const wasTold = await store.hasDropped(transaction, webhookId, now() - TOLD_FOR_MS);
      const found = await store.dropOldest(transaction, { webhookId, keep: maxWaiting, nowMs: now() });
      if (found === 0 || wasTold) return found;
      await audit(transaction, {
        ...{ actor: 'system', action: 'webhook.overfull', subject: `webhook:${webhookId}`, details: { owner, host } },
        atMs: now(),
      });
      if (owner === PLATFORM) return found;
      const data = { code: 'webhook_overfull', webhookId, host };
      await notifier.notify(work, [{ userId: owner.slice('user:'.length), kind: 'system', data }]);
      return found;
    });
    if (dropped === 0) return;
    count(dropped);
    logger.warn(
      { webhookId, host, dropped },
      'more waited for a webhook than may: the oldest deliveries were given up',
    );
  }
}
