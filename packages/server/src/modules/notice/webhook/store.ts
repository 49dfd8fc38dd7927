import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../../database/database.ts';
import type { WebhookDeliveryTable, WebhookTable } from '../../../database/tables/notices.ts';
import type { DeliveriesQuery } from './contract.ts';

export type WebhookRow = Selectable<WebhookTable>;
export type DeliveryRow = Selectable<WebhookDeliveryTable>;
export type NewDelivery = Omit<DeliveryRow, 'seq'>;

/** Queues of one webhook that may wait for their next try; with more, everything of it waits. */
export const MAX_WAITING_QUEUES = 1000;

/** `last_error` of what was given up because too much waited behind it. */
const TOO_MANY_WAITING = 'too_many_waiting';

/** The queries on webhooks and what is to be delivered. */
export class WebhookStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(id: string): Promise<WebhookRow | undefined> {
    return this.#database.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async ofOwner(database: Database | Transaction | undefined, owner: string): Promise<WebhookRow[]> {
    return (database ?? this.#database)
      .selectFrom('webhooks')
      .selectAll()
      .where('owner', '=', owner)
      .orderBy('created_at')
      .execute();
  }

  async enabled(database: Database | Transaction): Promise<Pick<WebhookRow, 'id' | 'owner' | 'events'>[]> {
    return database.selectFrom('webhooks').select(['id', 'owner', 'events']).where('enabled', '=', 1).execute();
  }

  async insert(transaction: Transaction, row: WebhookRow): Promise<void> {
    await transaction.insertInto('webhooks').values(row).execute();
  }

  async change(
    database: Database | Transaction | undefined,
    id: string,
    changes: Partial<Omit<WebhookRow, 'id'>>,
  ): Promise<WebhookRow | undefined> {
    return (database ?? this.#database)
      .updateTable('webhooks')
      .set(changes)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
  }

  /** False when it was switched off already. */
  async giveUp(transaction: Transaction, id: string, nowMs: number): Promise<boolean> {
    const { numUpdatedRows } = await transaction
      .updateTable('webhooks')
      .set({ enabled: 0, given_up_at: nowMs, updated_at: nowMs })
      .where('id', '=', id)
      .where('enabled', '=', 1)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async remove(transaction: Transaction, id: string): Promise<void> {
    await transaction.deleteFrom('webhook_deliveries').where('webhook_id', '=', id).execute();
    await transaction.deleteFrom('webhooks').where('id', '=', id).execute();
  }

  async add(transaction: Transaction, rows: readonly NewDelivery[]): Promise<void> {
    await transaction
      .insertInto('webhook_deliveries')
      .values([...rows])
      .execute();
  }

  /** Webhooks of which something may go out now. */
  async due(nowMs: number): Promise<string[]> {
    const rows = await this.#database
      .selectFrom('webhooks')
      .select('id')
      .where('enabled', '=', 1)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('webhook_deliveries')
            .select('seq')
            .whereRef('webhook_id', '=', 'webhooks.id')
            .where('state', '=', 'pending')
            .where('next_at', '<=', nowMs),
        ),
      )
      .execute();
    return rows.map(({ id }) => id);
  }

  /** The oldest of the queues that do not wait for a next try, in order. */
  async next(webhookId: string, nowMs: number, limit: number): Promise<DeliveryRow[]> {
    const ofHook = this.#database
      .selectFrom('webhook_deliveries')
      .where('webhook_id', '=', webhookId)
      .where('state', '=', 'pending');
    // Only the first of a queue is ever put off, so that one row stands for its queue.
    const waiting = await ofHook
      .select('order_key')
      .where('next_at', '>', nowMs)
      .limit(MAX_WAITING_QUEUES + 1)
      .execute();
    if (waiting.length > MAX_WAITING_QUEUES) return [];
    let query = ofHook.selectAll().orderBy('seq').limit(limit);
    const keys = waiting.map(({ order_key: key }) => key);
    if (keys.length > 0) query = query.where('order_key', 'not in', keys);
    return query.execute();
  }

  async mark(seq: number, changes: Partial<Omit<DeliveryRow, 'seq'>>): Promise<void> {
    await this.#database.updateTable('webhook_deliveries').set(changes).where('seq', '=', seq).execute();
  }

  async list(webhookId: string, { state, before, limit }: DeliveriesQuery): Promise<DeliveryRow[]> {
    let query = this.#database.selectFrom('webhook_deliveries').selectAll().where('webhook_id', '=', webhookId);
    if (state !== undefined) query = query.where('state', '=', state);
    if (before !== undefined) query = query.where('seq', '<', Number(before));
    return query
      .orderBy('seq', 'desc')
      .limit(limit + 1)
      .execute();
  }

  /** Those that are done with, by id, or all that were given up. Answers how many. */
  async replay(
    transaction: Transaction,
    {
      webhookId,
      ids,
      nowMs,
      deadlineAtMs,
    }: { webhookId: string; ids: readonly string[] | undefined; nowMs: number; deadlineAtMs: number },
  ): Promise<number> {
    const changes = {
      state: 'pending',
      attempts: 0,
      next_at: nowMs,
      deadline_at: deadlineAtMs,
      done_at: null,
    } as const;
    const done = transaction.updateTable('webhook_deliveries').set(changes).where('webhook_id', '=', webhookId);
    const chosen =
      ids === undefined
        ? done.where('state', '=', 'dead')
        : done.where('state', '<>', 'pending').where('id', 'in', ids);
    return Number((await chosen.executeTakeFirst()).numUpdatedRows);
  }

  /** Webhooks for which more waits than `most`. */
  async overfull(most: number): Promise<string[]> {
    const rows = await this.#database
      .selectFrom('webhook_deliveries')
      .select('webhook_id')
      .where('state', '=', 'pending')
      .groupBy('webhook_id')
      .having(({ fn }) => fn.countAll(), '>', most)
      .execute();
    return rows.map(({ webhook_id: id }) => id);
  }

  /** Gives up what waits before the `keep` youngest; answers how many that were. */
  async dropOldest(
    transaction: Transaction,
    { webhookId, keep, nowMs }: { webhookId: string; keep: number; nowMs: number },
  ): Promise<number> {
    const newestDropped = await transaction
      .selectFrom('webhook_deliveries')
      .select('seq')
      .where('webhook_id', '=', webhookId)
      .where('state', '=', 'pending')
      .orderBy('seq', 'desc')
      .limit(1)
      .offset(keep)
      .executeTakeFirst();
    if (newestDropped === undefined) return 0;
    const { numUpdatedRows } = await transaction
      .updateTable('webhook_deliveries')
      .set({ state: 'dead', done_at: nowMs, last_error: TOO_MANY_WAITING })
      .where('webhook_id', '=', webhookId)
      .where('state', '=', 'pending')
      .where('seq', '<=', newestDropped.seq)
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  async hasDropped(transaction: Transaction, webhookId: string, sinceMs: number): Promise<boolean> {
    const row = await transaction
      .selectFrom('webhook_deliveries')
      .select('seq')
      .where('state', '=', 'dead')
      .where('done_at', '>=', sinceMs)
      .where('webhook_id', '=', webhookId)
      .where('last_error', '=', TOO_MANY_WAITING)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** For the metrics. */
  async countPending(): Promise<number> {
    const { count } = await this.#database
      .selectFrom('webhook_deliveries')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('state', '=', 'pending')
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async sweep({ deliveredBeforeMs, deadBeforeMs }: { deliveredBeforeMs: number; deadBeforeMs: number }): Promise<void> {
    const done = this.#database.deleteFrom('webhook_deliveries');
    await done.where('state', '=', 'delivered').where('done_at', '<', deliveredBeforeMs).execute();
    await done.where('state', '=', 'dead').where('done_at', '<', deadBeforeMs).execute();
    // What waits for one that was switched off and is not wanted any more.
    await done.where('state', '=', 'pending').where('deadline_at', '<', deadBeforeMs).execute();
    // What a node wrote for a webhook of which it did not know yet that it is gone.
    await done.where('webhook_id', 'not in', this.#database.selectFrom('webhooks').select('id')).execute();
  }
}
