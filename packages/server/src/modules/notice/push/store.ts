import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../../database/database.ts';
import type { NoticeTable, PushSubscriptionTable } from '../../../database/tables/notices.ts';

/** Browsers of one account that take pushes; the oldest makes room for another. */
const MAX_SUBSCRIPTIONS = 10;

export type SubscriptionRow = Selectable<PushSubscriptionTable>;

export interface QueuedPush {
  seq: number;
  attempts: number;
  subscription: SubscriptionRow | undefined;
  notice: NoticeTable | undefined;
}

export function endpointHash(endpoint: string): string {
  return createHash('sha256').update(endpoint).digest('hex');
}

/** The queries on browsers that take pushes, and on what is to be pushed. */
export class PushStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async ofUser(userId: string, database: Database | Transaction = this.#database): Promise<SubscriptionRow[]> {
    return database
      .selectFrom('push_subscriptions')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at', 'desc')
      .execute();
  }

  /** Whoever uses the browser now has it: an endpoint belongs to one account. */
  async subscribe(transaction: Transaction, row: SubscriptionRow): Promise<void> {
    const { id: _id, endpoint_hash: _hash, ...changes } = row;
    await transaction
      .insertInto('push_subscriptions')
      .values(row)
      .onConflict((conflict) => conflict.column('endpoint_hash').doUpdateSet(changes))
      .execute();
    const surplus = (await this.ofUser(row.user_id, transaction)).slice(MAX_SUBSCRIPTIONS);
    for (const { id } of surplus) await this.#remove(transaction, id);
  }

  /** False when the account has no such one. */
  async unsubscribe(
    transaction: Transaction,
    { userId, endpoint }: { userId: string; endpoint: string },
  ): Promise<boolean> {
    const row = await transaction
      .selectFrom('push_subscriptions')
      .select('id')
      .where('user_id', '=', userId)
      .where('endpoint_hash', '=', endpointHash(endpoint))
      .executeTakeFirst();
    if (row !== undefined) await this.#remove(transaction, row.id);
    return row !== undefined;
  }

  async forget(transaction: Transaction, userId: string): Promise<void> {
    for (const { id } of await this.ofUser(userId, transaction)) await this.#remove(transaction, id);
  }

  /** What may be pushed now, the oldest first. */
  async due(nowMs: number, limit: number): Promise<QueuedPush[]> {
    const queued = await this.#database
      .selectFrom('push_queue')
      .selectAll()
      .where('next_at', '<=', nowMs)
      .orderBy('next_at')
      .orderBy('seq')
      .limit(limit)
      .execute();
    if (queued.length === 0) return [];
    const subscriptions = await this.#database
      .selectFrom('push_subscriptions')
      .selectAll()
      .where('id', 'in', [...new Set(queued.map((row) => row.subscription_id))])
      .execute();
    const notices = await this.#database
      .selectFrom('notices')
      .selectAll()
      .where('id', 'in', [...new Set(queued.map((row) => row.notice_id))])
      .execute();
    return queued.map(({ seq, attempts, subscription_id: subscriptionId, notice_id: noticeId }) => ({
      ...{ seq, attempts },
      subscription: subscriptions.find(({ id }) => id === subscriptionId),
      notice: notices.find(({ id }) => id === noticeId),
    }));
  }

  async done(seq: number): Promise<void> {
    await this.#database.deleteFrom('push_queue').where('seq', '=', seq).execute();
  }

  async later(seq: number, { attempts, nextAtMs }: { attempts: number; nextAtMs: number }): Promise<void> {
    await this.#database
      .updateTable('push_queue')
      .set({ attempts, next_at: nextAtMs })
      .where('seq', '=', seq)
      .execute();
  }

  /** The push service knows the browser no more. */
  async gone(subscriptionId: string): Promise<void> {
    await this.#database.transaction().execute((transaction) => this.#remove(transaction, subscriptionId));
  }

  async #remove(transaction: Transaction, id: string): Promise<void> {
    await transaction.deleteFrom('push_queue').where('subscription_id', '=', id).execute();
    await transaction.deleteFrom('push_subscriptions').where('id', '=', id).execute();
  }
}
