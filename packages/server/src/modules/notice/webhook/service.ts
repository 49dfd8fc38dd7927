import { randomBytes, randomUUID } from 'node:crypto';
import { audit } from '../../../database/audit.ts';
import type { Transaction } from '../../../database/database.ts';
import type { Outbox } from '../../../database/outbox.ts';
import { AppError, type Account } from '../../gateway/contract.ts';
import { OutboundError, type Outbound } from '../outbound.ts';
import {
  MAX_PLATFORM_WEBHOOKS,
  MAX_WEBHOOKS,
  PING,
  PLATFORM,
  type CreatedWebhook,
  type CreateWebhook,
  type DeliveriesQuery,
  type Delivery,
  type UpdateWebhook,
  type Webhook,
} from './contract.ts';
import type { DeliveryRow, WebhookRow, WebhookStore } from './store.ts';
import { DELIVERY_LIFE_MS, newDelivery } from './tap.ts';

export interface WebhookServiceDeps {
  store: WebhookStore;
  outbox: Outbox;
  outbound: Outbound;
  now: () => number;
  /** Webhooks changed, or there is something to deliver. */
  onChange(): void;
}

/** Webhooks as their owners see them: a user's own, and the platform's for administrators. */
export class WebhookService {
  readonly #deps: WebhookServiceDeps;

  constructor(deps: WebhookServiceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError forbidden */
  async list(account: Account, isPlatform: boolean): Promise<Webhook[]> {
    return (await this.#deps.store.ofOwner(undefined, ownerOf(account, isPlatform))).map(viewOf);
  }

  async get(account: Account, id: string): Promise<Webhook> {
    return viewOf(await this.#find(account, id));
  }

  /** @throws AppError forbidden, webhook_url_refused, too_many_webhooks */
  async create(account: Account, { url, events, platform }: CreateWebhook): Promise<CreatedWebhook> {
    const { store, outbox, now, onChange } = this.#deps;
    const owner = ownerOf(account, platform);
    await this.#check(url);
    const secret = newSecret();
    const row: WebhookRow = {
      ...{ id: randomUUID(), owner, url, secret, events: JSON.stringify(events), enabled: 1 },
      ...{ failing_since: null, given_up_at: null, created_at: now(), updated_at: now() },
    };
    await outbox.transact(async ({ transaction }) => {
      const most = platform ? MAX_PLATFORM_WEBHOOKS : MAX_WEBHOOKS;
      const others = await store.ofOwner(transaction, owner);
      if (others.length >= most) throw new AppError('too_many_webhooks', { max: String(most) });
      await store.insert(transaction, row);
      await this.#audit(transaction, account, { action: 'webhook.created', row });
    });
    onChange();
    return { ...viewOf(row), secret };
  }

  /** @throws AppError webhook_not_found, webhook_url_refused */
  async update(account: Account, id: string, { url, events, enabled }: UpdateWebhook): Promise<Webhook> {
    const { store, outbox, now, onChange } = this.#deps;
    await this.#find(account, id);
    if (url !== undefined) await this.#check(url);
    const changes: Partial<WebhookRow> = { updated_at: now() };
    if (url !== undefined) changes.url = url;
    if (events !== undefined) changes.events = JSON.stringify(events);
    if (enabled !== undefined) changes.enabled = enabled ? 1 : 0;
    // A fresh start: the three days count anew.
    if (enabled === true || url !== undefined) Object.assign(changes, { failing_since: null, given_up_at: null });
    const row = await outbox.transact(async ({ transaction }) => {
      const changed = await store.change(transaction, id, changes);
      if (changed === undefined) throw new AppError('webhook_not_found');
      await this.#audit(transaction, account, { action: 'webhook.updated', row: changed });
      return changed;
    });
    onChange();
    return viewOf(row);
  }

  /** What was signed by the old one before is delivered signed by the new one. */
  async rotateSecret(account: Account, id: string): Promise<CreatedWebhook> {
    const { store, outbox, now } = this.#deps;
    await this.#find(account, id);
    const secret = newSecret();
    const row = await outbox.transact(async ({ transaction }) => {
      const changed = await store.change(transaction, id, { secret, updated_at: now() });
      if (changed === undefined) throw new AppError('webhook_not_found');
      await this.#audit(transaction, account, { action: 'webhook.secret_changed', row: changed });
      return changed;
    });
    return { ...viewOf(row), secret };
  }

  async remove(account: Account, id: string): Promise<void> {
    const { store, outbox, onChange } = this.#deps;
    const row = await this.#find(account, id);
    await outbox.transact(async ({ transaction }) => {
      await store.remove(transaction, id);
      await this.#audit(transaction, account, { action: 'webhook.deleted', row });
    });
    onChange();
  }

  /** Delivers a `ping`, like any event. */
  async test(account: Account, id: string): Promise<Delivery> {
    const { store, outbox, now, onChange } = this.#deps;
    const { id: webhookId, enabled } = await this.#find(account, id);
    if (enabled === 0) throw new AppError('webhook_disabled');
    const body = JSON.stringify({ id: randomUUID(), event: PING, channel: PING, at: now(), data: { webhookId } });
    const delivery = newDelivery({ webhookId, channel: PING, event: PING, body, nowMs: now() });
    await outbox.transact(async ({ transaction }) => store.add(transaction, [delivery]));
    onChange();
    return deliveryOf(delivery);
  }

  async deliveries(
    account: Account,
    id: string,
    query: DeliveriesQuery,
  ): Promise<{ deliveries: Delivery[]; next?: string }> {
    await this.#find(account, id);
    const rows = await this.#deps.store.list(id, query);
    const shown = rows.slice(0, query.limit);
    const last = rows.length > query.limit ? shown.at(-1) : undefined;
    return { deliveries: shown.map(deliveryOf), next: last === undefined ? undefined : String(last.seq) };
  }

  /** Answers how many go out again. They keep their place: before everything of their channel that is younger. */
  async replay(account: Account, id: string, ids: readonly string[] | undefined): Promise<number> {
    const { store, outbox, now, onChange } = this.#deps;
    const row = await this.#find(account, id);
    const when = { nowMs: now(), deadlineAtMs: now() + DELIVERY_LIFE_MS };
    const replayed = await outbox.transact(async ({ transaction }) => {
      const count = await store.replay(transaction, { webhookId: id, ids, ...when });
      await this.#audit(transaction, account, { action: 'webhook.replayed', row, details: { count } });
      return count;
    });
    onChange();
    return replayed;
  }

  async #find(account: Account, id: string): Promise<WebhookRow> {
    const row = await this.#deps.store.find(id);
    const isTheirs = row?.owner === PLATFORM ? isAdmin(account) : row?.owner === `user:${account.id}`;
    if (row === undefined || !isTheirs) throw new AppError('webhook_not_found');
    return row;
  }

  async #check(url: string): Promise<void> {
    try {
      await this.#deps.outbound.check(url);
    } catch (error) {
      throw error instanceof OutboundError ? new AppError('webhook_url_refused', { reason: error.code }) : error;
    }
  }

  async #audit(
    transaction: Transaction,
    { id: userId }: Account,
    { action, row, details = {} }: { action: string; row: WebhookRow; details?: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    // The path of an address may hold a secret of its own.
    const { host } = new URL(row.url);
    await audit(transaction, {
      ...{ actor: `user:${userId}`, action, subject: `webhook:${row.id}` },
      details: { owner: row.owner, host, events: JSON.parse(row.events) as unknown, ...details },
      atMs: this.#deps.now(),
    });
  }
}

/** An administrator's API key for less than everything is not one. */
function isAdmin({ role, scopes }: Account): boolean {
  return role === 'admin' && (scopes === undefined || scopes.includes('admin'));
}

function ownerOf(account: Account, isPlatform: boolean): string {
  if (!isPlatform) return `user:${account.id}`;
  if (!isAdmin(account)) throw new AppError('forbidden');
  return PLATFORM;
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}

function viewOf(row: WebhookRow): Webhook {
  return {
    ...{ id: row.id, platform: row.owner === PLATFORM, url: row.url, events: JSON.parse(row.events) as string[] },
    ...{ enabled: row.enabled === 1, failingSince: row.failing_since ?? undefined },
    ...{ givenUpAt: row.given_up_at ?? undefined, createdAt: row.created_at },
  };
}

function deliveryOf(row: Omit<DeliveryRow, 'seq'>): Delivery {
  const isPending = row.state === 'pending';
  return {
    ...{ id: row.id, event: row.event, channel: row.order_key, state: row.state, attempts: row.attempts },
    ...{ nextAt: isPending ? row.next_at : undefined, lastError: row.last_error ?? undefined },
    ...{ createdAt: row.created_at, doneAt: row.done_at ?? undefined },
  };
}
