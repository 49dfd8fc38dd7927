import { randomBytes, randomUUID } from 'node:crypto';
import { audit } from '../../../database/audit.ts';
import type { Transaction } from '../../../database/database.ts';
import type { Outbox } from '../../../database/outbox.ts';
import { AppError, type Account } from '../../gateway/contract.ts';
import { OutboundError, type Outbound } from '../../../http/outbound.ts';
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

/** Who keeps webhooks. */
export interface Keeper {
  /** As the audit trail names them. */
  actor: string;
  /** Whose own ones they are; the command line has none. */
  userId?: string;
  /** The platform's are theirs, too. */
  isAdmin: boolean;
}

/** An administrator's API key for less than everything is not one. */
export function keeperOf({ id, role, scopes }: Account): Keeper {
  const isAdmin = role === 'admin' && (scopes === undefined || scopes.includes('admin'));
  return { actor: `user:${id}`, userId: id, isAdmin };
}

/** Webhooks as their owners see them: a user's own, and the platform's for administrators. */
export class WebhookService {
  readonly #deps: WebhookServiceDeps;

  constructor(deps: WebhookServiceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError forbidden */
  async list(keeper: Keeper, isPlatform: boolean): Promise<Webhook[]> {
    return (await this.#deps.store.ofOwner(undefined, ownerOf(keeper, isPlatform))).map(viewOf);
  }

  async get(keeper: Keeper, id: string): Promise<Webhook> {
    return viewOf(await this.#find(keeper, id));
  }

  /** @throws AppError forbidden, webhook_url_refused, too_many_webhooks */
  async create(keeper: Keeper, { url, events, platform }: CreateWebhook): Promise<CreatedWebhook> {
    const { store, outbox, now, onChange } = this.#deps;
    const owner = ownerOf(keeper, platform);
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
      await this.#audit(transaction, keeper, { action: 'webhook.created', row });
    });
    onChange();
    return { ...viewOf(row), secret };
  }

  /** @throws AppError webhook_not_found, webhook_url_refused */
  async update(keeper: Keeper, id: string, { url, events, enabled }: UpdateWebhook): Promise<Webhook> {
    const { store, outbox, now, onChange } = this.#deps;
    await this.#find(keeper, id);
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
      await this.#audit(transaction, keeper, { action: 'webhook.updated', row: changed });
      return changed;
    });
    onChange();
    return viewOf(row);
  }

  /** What was signed by the old one before is delivered signed by the new one. */
  async rotateSecret(keeper: Keeper, id: string): Promise<CreatedWebhook> {
    const { store, outbox, now } = this.#deps;
    await this.#find(keeper, id);
    const secret = newSecret();
    const row = await outbox.transact(async ({ transaction }) => {
      const changed = await store.change(transaction, id, { secret, updated_at: now() });
      if (changed === undefined) throw new AppError('webhook_not_found');
      await this.#audit(transaction, keeper, { action: 'webhook.secret_changed', row: changed });
      return changed;
    });
    return { ...viewOf(row), secret };
  }

  async remove(keeper: Keeper, id: string): Promise<void> {
    const { store, outbox, onChange } = this.#deps;
    const row = await this.#find(keeper, id);
    await outbox.transact(async ({ transaction }) => {
      await store.remove(transaction, id);
      await this.#audit(transaction, keeper, { action: 'webhook.deleted', row });
    });
    onChange();
  }

  /** Delivers a `ping`, like any event. */
  async test(keeper: Keeper, id: string): Promise<Delivery> {
    const { store, outbox, now, onChange } = this.#deps;
    const { id: webhookId, enabled } = await this.#find(keeper, id);
    if (enabled === 0) throw new AppError('webhook_disabled');
    const body = JSON.stringify({ id: randomUUID(), event: PING, channel: PING, at: now(), data: { webhookId } });
    const delivery = newDelivery({ webhookId, channel: PING, event: PING, body, nowMs: now() });
    await outbox.transact(async ({ transaction }) => store.add(transaction, [delivery]));
    onChange();
    return deliveryOf(delivery);
  }

  async deliveries(
    keeper: Keeper,
    id: string,
    query: DeliveriesQuery,
  ): Promise<{ deliveries: Delivery[]; next?: string }> {
    await this.#find(keeper, id);
    const rows = await this.#deps.store.list(id, query);
    const shown = rows.slice(0, query.limit);
    const last = rows.length > query.limit ? shown.at(-1) : undefined;
    return { deliveries: shown.map(deliveryOf), next: last === undefined ? undefined : String(last.seq) };
  }

  /** Answers how many go out again. They keep their place: before everything of their channel that is younger. */
  async replay(keeper: Keeper, id: string, ids: readonly string[] | undefined): Promise<number> {
    const { store, outbox, now, onChange } = this.#deps;
    const row = await this.#find(keeper, id);
    const when = { nowMs: now(), deadlineAtMs: now() + DELIVERY_LIFE_MS };
    const replayed = await outbox.transact(async ({ transaction }) => {
      const count = await store.replay(transaction, { webhookId: id, ids, ...when });
      await this.#audit(transaction, keeper, { action: 'webhook.replayed', row, details: { count } });
      return count;
    });
    onChange();
    return replayed;
  }

  async #find(keeper: Keeper, id: string): Promise<WebhookRow> {
    const row = await this.#deps.store.find(id);
    const isTheirs = row?.owner === PLATFORM ? keeper.isAdmin : row?.owner === `user:${keeper.userId}`;
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
    { actor }: Keeper,
    { action, row, details = {} }: { action: string; row: WebhookRow; details?: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    // The path of an address may hold a secret of its own.
    const { host } = new URL(row.url);
    await audit(transaction, {
      ...{ actor, action, subject: `webhook:${row.id}` },
      details: { owner: row.owner, host, events: JSON.parse(row.events) as unknown, ...details },
      atMs: this.#deps.now(),
    });
  }
}

/** @throws AppError forbidden */
function ownerOf({ userId, isAdmin }: Keeper, isPlatform: boolean): string {
  if (isPlatform ? !isAdmin : userId === undefined) throw new AppError('forbidden');
  return isPlatform ? PLATFORM : `user:${userId}`;
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
