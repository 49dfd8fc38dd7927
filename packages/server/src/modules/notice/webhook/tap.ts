import { randomUUID } from 'node:crypto';
import type { Transaction } from '../../../database/database.ts';
import type { CommittedEvent } from '../../../database/outbox.ts';
import { PLATFORM } from './contract.ts';
import type { NewDelivery, WebhookStore } from './store.ts';

/** After this a failure is the last one. */
export const DELIVERY_LIFE_MS = 24 * 3_600_000;
/** How long a node may not know of a webhook that another one made. */
const FRESH_MS = 1000;

interface Hook {
  id: string;
  owner: string;
  fits(event: string): boolean;
}

/** Writes what webhooks are to be told, in the transaction of what happened. */
export class WebhookTap {
  readonly #store: WebhookStore;
  readonly #now: () => number;
  #hooks: readonly Hook[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor({ store, now }: { store: WebhookStore; now: () => number }) {
    this.#store = store;
    this.#now = now;
  }

  /** A webhook of this node changed: the next event looks again. */
  forget(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Whether any webhook asks for events of this name. */
  async wants(transaction: Transaction, event: string): Promise<boolean> {
    return (await this.#known(transaction)).some(({ fits }) => fits(event));
  }

  /** Answers whether anything is to be delivered. */
  async write(transaction: Transaction, events: readonly CommittedEvent[]): Promise<boolean> {
    const told = events.filter(({ channel }) => /^(?:room|user|chat):/.test(channel));
    if (told.length === 0) return false;
    const hooks = await this.#known(transaction);
    if (hooks.length === 0) return false;
    const owners = new Map<string, string | undefined>();
    const rows: NewDelivery[] = [];
    for (const event of told) {
      const fitting = hooks.filter(({ fits }) => fits(event.event));
      if (fitting.length === 0) continue;
      const { channel } = event;
      if (!owners.has(channel)) owners.set(channel, await ownerOf(transaction, channel));
      for (const { id, owner } of fitting)
        if (concerns(owner, { event, subject: owners.get(channel) })) rows.push(this.#delivery(id, event));
    }
    if (rows.length > 0) await this.#store.add(transaction, rows);
    return rows.length > 0;
  }

  #delivery(webhookId: string, { id, channel, event, data, created_at: atMs }: CommittedEvent): NewDelivery {
    const head = JSON.stringify({ id, event, channel, at: atMs });
    return newDelivery({ webhookId, channel, event, body: `${head.slice(0, -1)},"data":${data}}`, nowMs: this.#now() });
  }

  async #known(transaction: Transaction): Promise<readonly Hook[]> {
    // By the process's own clock: it never goes back.
    const nowMs = performance.now();
    if (nowMs - this.#readAtMs < FRESH_MS) return this.#hooks;
    const rows = await this.#store.enabled(transaction);
    this.#hooks = rows.map(({ id, owner, events }) => ({ id, owner, fits: matcherOf(JSON.parse(events) as string[]) }));
    this.#readAtMs = nowMs;
    return this.#hooks;
  }
}

export function newDelivery({
  webhookId,
  channel,
  event,
  body,
  nowMs,
}: {
  webhookId: string;
  channel: string;
  event: string;
  body: string;
  nowMs: number;
}): NewDelivery {
  return {
    ...{ id: randomUUID(), webhook_id: webhookId, order_key: channel, event, body, state: 'pending', attempts: 0 },
    ...{ next_at: nowMs, deadline_at: nowMs + DELIVERY_LIFE_MS, last_error: null, created_at: nowMs, done_at: null },
  };
}

/** `room.live`, `room.*` or `*`, which is everything but the chat: that is more than all else together. */
function matcherOf(patterns: readonly string[]): (event: string) => boolean {
  const names = new Set(patterns);
  return (event) => {
    const kind = event.slice(0, event.indexOf('.'));
    return names.has(event) || names.has(`${kind}.*`) || (names.has('*') && kind !== 'chat');
  };
}

/** `user:ID` of whom the channel belongs to; undefined for a room that was made without an account. */
async function ownerOf(transaction: Transaction, channel: string): Promise<string | undefined> {
  if (channel.startsWith('user:')) return channel;
  const room = await transaction
    .selectFrom('rooms')
    .select('user_id')
    .where('id', '=', channel.slice(channel.indexOf(':') + 1))
    .executeTakeFirst();
  return typeof room?.user_id === 'string' ? `user:${room.user_id}` : undefined;
}

/** The platform's webhooks hear of every room, and of people what is public: never what somebody is told in private. */
function concerns(owner: string, { event, subject }: { event: CommittedEvent; subject: string | undefined }): boolean {
  if (owner !== PLATFORM) return owner === subject;
  return !event.channel.startsWith('user:') || event.event === 'user.followed';
}
