import type { Logger } from 'pino';
import type { Outbox } from '../../../database/outbox.ts';
import { StateUnavailableError, type Lease, type StateCenter } from '../../../state/contract.ts';
import { audit } from '../../../database/audit.ts';
import type { Notifier } from '../contract.ts';
import { Loop } from '../../../database/loop.ts';
import { OutboundError, type Outbound } from '../../../http/outbound.ts';
import { PLATFORM } from './contract.ts';
import { signatureOf } from '../../../http/webhook-signature.ts';
import type { DeliveryRow, WebhookRow, WebhookStore } from './store.ts';

const REST_MS = 1000;
/** Read in one go, and queues that are worked off at one time, of one webhook. */
const BATCH = 100;
const QUEUES_AT_ONCE = 4;
/** Pauses between tries: doubled each time, from and up to. */
const RETRY_FROM_MS = 1000;
const RETRY_TO_MS = 3_600_000;
/** A webhook to which nothing was delivered for so long is switched off. */
const GIVE_UP_AFTER_MS = 3 * 86_400_000;

export interface CourierDeps {
  store: WebhookStore;
  outbox: Outbox;
  state: StateCenter;
  outbound: Outbound;
  notifier: Notifier;
  logger: Logger;
  now: () => number;
  count(outcome: 'delivered' | 'failed' | 'dead'): void;
}

/**
 * Delivers what webhooks are to be told: of one channel in order, at least once, one node a webhook. What fails is
 * tried again, later each time, and holds up its channel only.
 */
export class Courier {
  readonly #deps: CourierDeps;
  readonly #loop: Loop;
  /** Webhooks that this node delivers to right now. */
  readonly #busy = new Map<string, Promise<void>>();

  constructor(deps: CourierDeps) {
    this.#deps = deps;
    const { logger } = deps;
    this.#loop = new Loop({
      ...{ logger, restMs: REST_MS, failedWords: 'deliveries to webhooks wait' },
      work: () => this.#look(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  nudge(): void {
    this.#loop.nudge();
  }

  /** Resolves when what is under way has ended. Idempotent. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all(this.#busy.values());
  }

  async #look(): Promise<boolean> {
    const { store, logger, now } = this.#deps;
    for (const id of await store.due(now())) {
      if (this.#busy.has(id)) continue;
      const work = this.#deliverAll(id)
        .catch((error: unknown) => logger.warn({ err: error, webhookId: id }, 'deliveries to a webhook wait'))
        .finally(() => this.#busy.delete(id));
      this.#busy.set(id, work);
    }
    return false;
  }

  async #deliverAll(id: string): Promise<void> {
    const lease = await this.#lease(id);
    if (lease === undefined) return;
    const { store, now } = this.#deps;
    try {
      while (lease.isHeld && !this.#loop.isStopped) {
        const hook = await store.find(id);
        if (hook === undefined || hook.enabled === 0) return;
        const rows = await store.next(id, now(), BATCH);
        if (rows.length === 0) return;
        const queues = [...Map.groupBy(rows, ({ order_key: key }) => key).values()].slice(0, QUEUES_AT_ONCE);
        await Promise.all(queues.map((queue) => this.#deliverQueue(hook, queue, lease)));
      }
    } finally {
      await lease.release();
    }
  }

  async #lease(id: string): Promise<Lease | undefined> {
    try {
      return await this.#deps.state.lease(`webhook:${id}`);
    } catch (error) {
      if (error instanceof StateUnavailableError) return undefined;
      throw error;
    }
  }

  /** Until the first that fails. What the end of the platform breaks off is sent again by whoever goes on. */
  async #deliverQueue(hook: WebhookRow, queue: readonly DeliveryRow[], lease: Lease): Promise<void> {
    for (const row of queue) {
      if (!lease.isHeld || this.#loop.isStopped) return;
      const problem = await this.#send(hook, row);
      if (problem === 'stopping') return;
      if (problem === undefined) await this.#delivered(hook, row);
      else if (await this.#failed(hook, row, problem)) return;
    }
  }

  /** What went wrong, if anything. */
  async #send({ url, secret }: WebhookRow, { id, event, body }: DeliveryRow): Promise<string | undefined> {
    const { outbound, now } = this.#deps;
    try {
      const status = await outbound.post(url, {
        body,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Kaibo-Webhook/1',
          'x-kaibo-event': event,
          'x-kaibo-delivery': id,
          'x-kaibo-signature': signatureOf(secret, { body, atMs: now() }),
        },
      });
      return status >= 200 && status < 300 ? undefined : `http_${status}`;
    } catch (error) {
      if (error instanceof OutboundError) return error.code;
      throw error;
    }
  }

  async #delivered(hook: WebhookRow, { seq, attempts }: DeliveryRow): Promise<void> {
    const { store, now, count } = this.#deps;
    const changes = { state: 'delivered', attempts: attempts + 1, done_at: now(), last_error: null } as const;
    await store.mark(seq, changes);
    count('delivered');
    if (hook.failing_since === null) return;
    hook.failing_since = null;
    await store.change(undefined, hook.id, { failing_since: null });
  }

  /** Whether its queue has to wait for it. */
  async #failed(hook: WebhookRow, { seq, attempts, deadline_at: deadlineAtMs }: DeliveryRow, problem: string) {
    const { store, now, count } = this.#deps;
    const nowMs = now();
    if (nowMs >= deadlineAtMs) {
      await store.mark(seq, { state: 'dead', attempts: attempts + 1, done_at: nowMs, last_error: problem });
      count('dead');
    } else {
      const waitMs = Math.min(RETRY_FROM_MS * 2 ** Math.min(attempts, 20), RETRY_TO_MS);
      await store.mark(seq, { attempts: attempts + 1, next_at: nowMs + waitMs, last_error: problem });
      count('failed');
    }
    const isFirst = hook.failing_since === null;
    hook.failing_since ??= nowMs;
    if (isFirst) await store.change(undefined, hook.id, { failing_since: nowMs });
    if (nowMs - hook.failing_since >= GIVE_UP_AFTER_MS) {
      await this.#giveUp(hook);
      return true;
    }
    return nowMs < deadlineAtMs;
  }

  async #giveUp({ id, owner, url }: WebhookRow): Promise<void> {
    const { store, outbox, notifier, logger, now } = this.#deps;
    const { host } = new URL(url);
    await outbox.transact(async (work) => {
      if (!(await store.giveUp(work.transaction, id, now()))) return;
      await audit(work.transaction, {
        ...{ actor: 'system', action: 'webhook.given_up', subject: `webhook:${id}`, details: { owner, host } },
        atMs: now(),
      });
      if (owner === PLATFORM) return;
      const data = { code: 'webhook_given_up', webhookId: id, host };
      await notifier.notify(work, [{ userId: owner.slice('user:'.length), kind: 'system', data }]);
    });
    logger.warn({ webhookId: id, host }, 'a webhook was switched off, nothing was delivered to it for three days');
  }
}
