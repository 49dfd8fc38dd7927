import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import { audit } from '../../database/audit.ts';
import type { Database, Transaction } from '../../database/database.ts';
import type { Outbox, Work } from '../../database/outbox.ts';
import type { PaymentOrderTable } from '../../database/tables/wallet.ts';
import { AppError } from '../gateway/contract.ts';
import { inMoneyTransaction, moneyKey, walletEvents, type Ledger } from './contract.ts';
import type { PaymentEvent, PaymentProvider } from './payment-provider.ts';
import type { CoinPackage, CreatedOrder, NewOrder, Order } from './schemas.ts';

const DAY_MS = 86_400_000;
/** Orders of a user and day that are not paid. */
const MAX_UNPAID = 50;
const LISTED = 100;

export interface PaymentsDeps {
  database: Database;
  ledger: Ledger;
  outbox: Outbox;
  providers: readonly PaymentProvider[];
  packages: readonly CoinPackage[];
  logger: Logger;
  now: () => number;
}

/** Coins for money: orders, and what providers say has become of them. */
export class Payments {
  readonly #deps: PaymentsDeps;

  constructor(deps: PaymentsDeps) {
    this.#deps = deps;
  }

  shop(): { providers: string[]; packages: CoinPackage[] } {
    const { providers, packages } = this.#deps;
    return { providers: providers.map(({ name }) => name), packages: [...packages] };
  }

  /** @throws AppError payments_unavailable, package_not_found, too_many_orders, idempotency_key_reused */
  async order(userId: string, { packageId, provider: name }: NewOrder, idempotencyKey: unknown): Promise<CreatedOrder> {
    const { providers, packages, database, now } = this.#deps;
    const key = moneyKey('order', `user:${userId}`, idempotencyKey);
    const provider = name === undefined ? providers[0] : this.#provider(name);
    if (provider === undefined) throw new AppError('payments_unavailable');
    const known = await findByKey(database, key);
    if (known === undefined) {
      const offer = packages.find(({ id }) => id === packageId);
      if (offer === undefined) throw new AppError('package_not_found');
      await this.#assertFewUnpaid(userId);
      const { coins, price, currency } = offer;
      await database
        .insertInto('payment_orders')
        .values({
          ...{ id: randomUUID(), user_id: userId, provider: provider.name, idem_key: key, package_id: packageId },
          ...{ coins, price, currency, status: 'created', shortfall: 0, created_at: now(), updated_at: now() },
        })
        .onConflict((conflict) => conflict.column('idem_key').doNothing())
        .execute();
    }
    const row = known ?? (await findByKey(database, key));
    if (row === undefined || row.package_id !== packageId || row.provider !== provider.name)
      throw new AppError('idempotency_key_reused');
    return { ...orderView(row), payment: await provider.create(row) };
  }

  /** The newest first. */
  async ordersOf(userId: string): Promise<Order[]> {
    const rows = await this.#deps.database
      .selectFrom('payment_orders')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .limit(LISTED)
      .execute();
    return rows.map(orderView);
  }

  /**
   * A webhook as it came. Whatever was taken in before, or does not matter, is answered as if it were new.
   * @throws AppError payments_unavailable, invalid_signature, payment_order_not_found, payment_mismatch
   */
  async receive(name: string, headers: IncomingHttpHeaders, rawBody: Buffer): Promise<void> {
    const { outbox, logger } = this.#deps;
    const event = this.#provider(name).verify(headers, rawBody);
    if (event === undefined) return;
    await inMoneyTransaction(outbox, async (unit) => {
      const order = await this.#lockOrder(unit.transaction, name, event.orderId);
      if (order === undefined) throw new AppError('payment_order_not_found');
      if (order.price !== event.price || order.currency !== event.currency) {
        logger.error({ order: order.id, event: event.id }, 'a payment is not what was ordered');
        throw new AppError('payment_mismatch');
      }
      if (!(await this.#isNew(unit.transaction, name, event))) return;
      if (event.type === 'paid') await this.#paid(unit, order);
      else await this.#refunded(unit, order);
    });
  }

  /** An order whose refund was told first stays refunded. */
  async #paid({ transaction, emit }: Work, order: PaymentOrderTable): Promise<void> {
    if (order.status !== 'created') return;
    const { id, provider, user_id: userId, coins } = order;
    const posted = await this.#deps.ledger.post(transaction, {
      ...{ kind: 'payment', key: `payment:${id}`, actor: 'system', details: { order: id, package: order.package_id } },
      entries: [
        { account: `payments:${provider}`, amount: -coins },
        { account: `user:${userId}`, amount: coins },
      ],
    });
    await this.#setStatus(transaction, order, { status: 'paid' });
    await this.#note(transaction, order, { action: 'payment.paid', details: { coins } });
    await emit(...walletEvents(posted));
  }

  /** Takes back what is left of the coins: a balance does not fall below zero, so what was spent is written down. */
  async #refunded({ transaction, emit }: Work, order: PaymentOrderTable): Promise<void> {
    if (order.status === 'refunded') return;
    const { id, provider, user_id: userId } = order;
    const coins = order.status === 'paid' ? order.coins : 0;
    const taken = Math.min(coins, await this.#deps.ledger.lockBalance(transaction, `user:${userId}`));
    const shortfall = coins - taken;
    if (taken > 0) {
      const posted = await this.#deps.ledger.post(transaction, {
        ...{ kind: 'refund', key: `payment-refund:${id}`, actor: 'system', details: { order: id, shortfall } },
        entries: [
          { account: `user:${userId}`, amount: -taken },
          { account: `payments:${provider}`, amount: taken },
        ],
      });
      await emit(...walletEvents(posted));
    }
    await this.#setStatus(transaction, order, { status: 'refunded', shortfall });
    await this.#note(transaction, order, { action: 'payment.refunded', details: { coins, shortfall } });
  }

  async #note(
    transaction: Transaction,
    { id, user_id: userId, provider }: PaymentOrderTable,
    { action, details }: { action: string; details: Record<string, number> },
  ): Promise<void> {
    await audit(transaction, {
      ...{ actor: 'system', action, subject: `user:${userId}`, atMs: this.#deps.now() },
      details: { order: id, provider, ...details },
    });
  }

  async #setStatus(
    transaction: Transaction,
    { id }: PaymentOrderTable,
    changes: Partial<Pick<PaymentOrderTable, 'status' | 'shortfall'>>,
  ): Promise<void> {
    await transaction.updateTable('payment_orders').set(changes).where('id', '=', id).execute();
  }

  /** Events of one order wait for each other. */
  #lockOrder(transaction: Transaction, provider: string, id: string): Promise<PaymentOrderTable | undefined> {
    return transaction
      .updateTable('payment_orders')
      .set({ updated_at: this.#deps.now() })
      .where('id', '=', id)
      .where('provider', '=', provider)
      .returningAll()
      .executeTakeFirst();
  }

  async #isNew(transaction: Transaction, provider: string, event: PaymentEvent): Promise<boolean> {
    const inserted = await transaction
      .insertInto('payment_events')
      .values({
        ...{ provider, event_id: event.id, order_id: event.orderId, type: event.type },
        received_at: this.#deps.now(),
      })
      .onConflict((conflict) => conflict.columns(['provider', 'event_id']).doNothing())
      .returning('event_id')
      .executeTakeFirst();
    return inserted !== undefined;
  }

  async #assertFewUnpaid(userId: string): Promise<void> {
    const { database, now } = this.#deps;
    const { unpaid } = await database
      .selectFrom('payment_orders')
      .select(({ fn }) => fn.countAll<number>().as('unpaid'))
      .where('user_id', '=', userId)
      .where('created_at', '>', now() - DAY_MS)
      .where('status', '=', 'created')
      .executeTakeFirstOrThrow();
    if (unpaid >= MAX_UNPAID) throw new AppError('too_many_orders');
  }

  #provider(name: string): PaymentProvider {
    const provider = this.#deps.providers.find((each) => each.name === name);
    if (provider === undefined) throw new AppError('payments_unavailable');
    return provider;
  }
}

function findByKey(database: Database, key: string): Promise<PaymentOrderTable | undefined> {
  return database.selectFrom('payment_orders').selectAll().where('idem_key', '=', key).executeTakeFirst();
}

function orderView({ id, provider, package_id: packageId, created_at: createdAt, ...row }: PaymentOrderTable): Order {
  const { coins, price, currency, status } = row;
  return { id, provider, packageId, coins, price, currency, status, createdAt };
}
