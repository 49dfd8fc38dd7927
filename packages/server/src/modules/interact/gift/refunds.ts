import { audit } from '../../../database/audit.ts';
import type { Transaction } from '../../../database/database.ts';
import type { Outbox, Work } from '../../../database/outbox.ts';
import { AppError, type Account, type Caller } from '../../gateway/contract.ts';
import type { ExperienceFeed } from '../../level/contract.ts';
import type { RankFeed } from '../../rank/contract.ts';
import { inMoneyTransaction, walletEvents, type Ledger } from '../../wallet/contract.ts';
import { GIFT_REFUNDED, type GiftOrder } from './contract.ts';
import type { GiftListeners } from './listeners.ts';
import { givenOf, type GiftStore, type OrderRow } from './store.ts';
import { plainOrder } from './view.ts';

export interface RefundDeps {
  store: GiftStore;
  listeners: GiftListeners;
  outbox: Outbox;
  ledger: Ledger;
  rank: RankFeed;
  experience: ExperienceFeed;
  now: () => number;
}

/** Another request gave it back while this one was under way. */
class RepeatedRefund extends Error {}

/** Giving back what was given. */
export class Refunds {
  readonly #deps: RefundDeps;

  constructor(deps: RefundDeps) {
    this.#deps = deps;
  }

  /** A second time changes nothing. @throws AppError gift_order_not_found */
  async refund(caller: Caller, account: Account, { id, note }: { id: string; note?: string }): Promise<GiftOrder> {
    const { outbox, store, listeners } = this.#deps;
    try {
      const { order, isNew } = await inMoneyTransaction(outbox, async (work) => {
        const found = await store.find(work.transaction, id);
        if (found === undefined) throw new AppError('gift_order_not_found');
        if (found.refunded_at !== null) return { order: found, isNew: false };
        const refunded = await this.#carryOut(work, { order: found, account, address: caller.address, note });
        return { order: refunded, isNew: true };
      });
      if (isNew) listeners.refunded(givenOf(order));
      return plainOrder(order);
    } catch (error) {
      if (!(error instanceof RepeatedRefund)) throw error;
      return this.refund(caller, account, { id, note });
    }
  }

  async #carryOut(
    work: Work,
    { order, account, address, note }: { order: OrderRow; account: Account; address: string; note?: string },
  ): Promise<OrderRow> {
    const { store, ledger, rank, experience } = this.#deps;
    const { transaction } = work;
    const { id, room_id: roomId, channel_id: channelId, sender_id: sender, receiver_id: receiver, total } = order;
    const at = this.#deps.now();
    // Before the accounts, as a gift does.
    await store.takeFromCombo(transaction, order);
    const sources = await this.#sources(transaction, order);
    const posted = await ledger.post(transaction, {
      kind: 'refund',
      key: `refund:${id}`,
      actor: `user:${account.id}`,
      entries: [...sources, { account: `user:${sender}`, amount: total }],
      details: { orderId: id, roomId, giftId: order.gift_id, senderId: sender, receiverId: receiver, note },
      request: { orderId: id },
    });
    const refunded = await store.markRefunded(transaction, { id, transferId: posted.id, at });
    if (posted.isRepeated || refunded === undefined) throw new RepeatedRefund();
    // In the hour and day of the gift, as if it had never been.
    await rank.add(transaction, [
      { board: 'revenue', userId: receiver, amount: -total, at: order.at },
      { board: 'supporters', channelId, roomId, userId: sender, amount: -total, at: order.at },
    ]);
    await experience.add(transaction, [{ channelId, userId: sender, kind: 'gift', amount: -total, at: order.at }]);
    await audit(transaction, {
      actor: `user:${account.id}`,
      action: 'gift.refunded',
      subject: `gift-order:${id}`,
      details: { roomId, senderId: sender, receiverId: receiver, total, note },
      address,
      atMs: at,
    });
    await work.emit({ channel: `room:${roomId}`, event: GIFT_REFUNDED, data: { id, total } }, ...walletEvents(posted));
    return refunded;
  }

  /**
   * The streamer's part from what they earned, as far as they still have it, else from the platform's; what the
   * platform does not have either, it owes. Accounts are locked in the order in which transfers lock them.
   */
  async #sources(
    transaction: Transaction,
    { sender_id: sender, receiver_id: receiver, total, share }: OrderRow,
  ): Promise<{ account: 'house' | 'mint' | `revenue:${string}`; amount: number }[]> {
    const { ledger } = this.#deps;
    const earned = await ledger.lockBalance(transaction, `revenue:${receiver}`);
    const fromStreamer = Math.min(share, earned);
    await ledger.lockBalance(transaction, `user:${sender}`);
    const fromHouse = Math.min(total - fromStreamer, await ledger.lockBalance(transaction, 'house'));
    return [
      { account: `revenue:${receiver}` as const, amount: -fromStreamer },
      { account: 'house' as const, amount: -fromHouse },
      { account: 'mint' as const, amount: fromStreamer + fromHouse - total },
    ];
  }
}
