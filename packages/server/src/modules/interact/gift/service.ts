import { randomUUID } from 'node:crypto';
import type { Outbox, Work } from '../../../database/outbox.ts';
import { AppError, type Account, type Caller } from '../../gateway/contract.ts';
import type { ExperienceFeed } from '../../level/contract.ts';
import { channelIdOf, type RoomDirectory, type RoomFacts } from '../../live/contract.ts';
import type { Notifier } from '../../notice/contract.ts';
import type { RankFeed } from '../../rank/contract.ts';
import type { UserDirectory } from '../../user/contract.ts';
import { inMoneyTransaction, moneyKey, walletEvents, type Ledger } from '../../wallet/contract.ts';
import { shownGift, type Catalogue, type GiftRow } from './catalogue.ts';
import { GIFT_SENT, type GiftAnswer, type GiftBadge, type SendGiftInput, type SentGift } from './contract.ts';
import type { GiftLanes } from './lanes.ts';
import type { GiftListeners } from './listeners.ts';
import type { GiftMetrics } from './metrics.ts';
import { givenOf, type ComboRow, type GiftStore, type OrderRow } from './store.ts';
import type { GiftView } from './view.ts';

/** A combo goes on while the next gift comes within this. */
const COMBO_MS = 5000;

export interface GiftServiceDeps {
  store: GiftStore;
  catalogue: Catalogue;
  view: GiftView;
  lanes: GiftLanes;
  metrics: GiftMetrics;
  listeners: GiftListeners;
  outbox: Outbox;
  ledger: Ledger;
  rank: RankFeed;
  experience: ExperienceFeed;
  notifier: Notifier;
  rooms: RoomDirectory;
  users: UserDirectory;
  /** Of a gift's coins, to the receiver; rounded down. */
  sharePercent: number;
  now: () => number;
}

/** Who gives what to whom, where; everything that a transaction needs to know before it begins. */
interface Giving {
  room: RoomFacts;
  channelId: string;
  sender: SentGift['sender'];
  receiver: SentGift['receiver'];
  input: SendGiftInput;
  key: string;
}

/** The ledger had the key already: another request of the same key committed while this one was under way. */
class RepeatedGift extends Error {}

/** Giving. */
export class GiftService {
  readonly #deps: GiftServiceDeps;

  constructor(deps: GiftServiceDeps) {
    this.#deps = deps;
  }

  /**
   * The same key and request again answer what the first one did, with the balance of now.
   * @throws AppError idempotency_key_required, idempotency_key_reused, gift_not_found, gift_price_changed,
   * insufficient_balance, room_ended, room_takes_no_gifts, cannot_gift_self, room_not_found, room_private,
   * banned_from_room, overloaded
   */
  async send(
    caller: Caller,
    account: Account,
    asked: { roomId: string; givenKey: unknown; input: SendGiftInput },
  ): Promise<GiftAnswer> {
    try {
      return await this.#give(caller, account, asked);
    } catch (error) {
      this.#deps.metrics.outcome(error instanceof AppError ? error.code : 'failed');
      throw error;
    }
  }

  async #give(
    caller: Caller,
    account: Account,
    { roomId, givenKey, input }: { roomId: string; givenKey: unknown; input: SendGiftInput },
  ): Promise<GiftAnswer> {
    const key = moneyKey('gift', `user:${account.id}`, givenKey);
    const known = await this.#deps.store.findByKey(key);
    if (known !== undefined) return this.#again(known, { roomId, input });
    const giving = await this.#prepare(caller, account, { roomId, key, input });
    try {
      const { outbox, lanes, listeners, metrics } = this.#deps;
      const { order, event, balance } = await lanes.run(giving.channelId, () =>
        inMoneyTransaction(outbox, (work) => this.#carryOut(work, giving)),
      );
      metrics.given(order.total);
      listeners.given(givenOf(order));
      return { ...event, balance };
    } catch (error) {
      if (!(error instanceof RepeatedGift)) throw error;
      const first = await this.#deps.store.findByKey(key);
      // The books know the key, and no gift does: it was for something else.
      if (first === undefined) throw new AppError('idempotency_key_reused');
      return this.#again(first, { roomId, input });
    }
  }

  async #prepare(
    caller: Caller,
    account: Account,
    { roomId, key, input }: { roomId: string; key: string; input: SendGiftInput },
  ): Promise<Giving> {
    const { rooms, users, view } = this.#deps;
    const { room, isOwner, isModerator } = await rooms.standing(caller, roomId, { token: input.token });
    if (room.userId === null) throw new AppError('room_takes_no_gifts');
    if (room.userId === account.id) throw new AppError('cannot_gift_self');
    if (room.status === 'ended') throw new AppError('room_ended');
    const people = await users.findMany([account.id, room.userId]);
    const [sender, receiver] = [people.get(account.id), people.get(room.userId)];
    // An account that goes away takes its coins along, and what it is about to get.
    if (sender === undefined) throw new AppError('user_not_found');
    if (receiver === undefined) throw new AppError('room_takes_no_gifts');
    const channelId = channelIdOf(room);
    // The owner gives nothing here, so whoever stands like one is an administrator.
    const role: GiftBadge['role'] = isOwner ? 'admin' : isModerator ? 'moderator' : undefined;
    const badge = await view.badgeOf(channelId, { userId: account.id, role });
    return {
      ...{ room, channelId, input, key },
      sender: { ...view.personOf(sender), badge },
      receiver: view.personOf(receiver),
    };
  }

  /**
   * What everybody waits for comes last: the platform's own account is in every gift's transfer, and nobody else's gift
   * goes on until this one is committed.
   */
  async #carryOut(work: Work, giving: Giving): Promise<{ order: OrderRow; event: SentGift; balance: number }> {
    const { catalogue, store, rank, experience, ledger } = this.#deps;
    const { transaction } = work;
    const { input, room, channelId, sender, receiver } = giving;
    // It may have waited; the rooms of an account that goes away end before it.
    if (!(await store.isOpen(transaction, room.id))) throw new AppError('room_ended');
    const gift = await catalogue.find(transaction, input.giftId);
    if (input.price !== undefined && input.price !== gift.price) throw new AppError('gift_price_changed');
    const at = this.#deps.now();
    const total = gift.price * input.count;
    const combo = await store.addToCombo(transaction, {
      ...{ room_id: room.id, sender_id: sender.id, gift_id: gift.id },
      ...{ newId: randomUUID(), count: input.count, total, at },
      openSince: gift.combo === 1 ? at - COMBO_MS : Number.MAX_SAFE_INTEGER,
    });
    await rank.add(transaction, [
      { board: 'revenue', userId: receiver.id, amount: total, at },
      { board: 'supporters', channelId, roomId: room.id, userId: sender.id, amount: total, at },
    ]);
    await experience.add(transaction, [{ channelId, userId: sender.id, kind: 'gift', amount: total, at }]);
    await this.#notify(work, giving, { gift, combo });
    const share = Math.floor((total * this.#deps.sharePercent) / 100);
    const posted = await ledger.post(transaction, {
      kind: 'gift',
      key: giving.key,
      actor: `user:${sender.id}`,
      entries: [
        { account: `user:${sender.id}`, amount: -total },
        { account: `revenue:${receiver.id}`, amount: share },
        { account: 'house', amount: total - share },
      ],
      details: { roomId: room.id, giftId: gift.id, count: input.count, senderId: sender.id, receiverId: receiver.id },
      request: requestOf(room.id, input),
    });
    if (posted.isRepeated) throw new RepeatedGift();
    const order = orderOf(giving, { gift, combo, total, share, transferId: posted.id, at });
    await store.insert(transaction, order);
    const event: SentGift = {
      ...{ id: order.id, sender, receiver, gift: { id: gift.id, ...shownGift(gift) }, count: order.count, total },
      combo: { id: combo.combo_id, count: combo.combo_count },
      at,
    };
    await work.emit({ channel: `room:${room.id}`, event: GIFT_SENT, data: event }, ...walletEvents(posted));
    return { order, event, balance: posted.balances.get(`user:${sender.id}`) ?? 0 };
  }

  /** One unread notice for each sender and room, which says what they gave there in all. */
  async #notify(
    work: Work,
    { room, sender, receiver }: Giving,
    { gift, combo }: { gift: GiftRow; combo: ComboRow },
  ): Promise<void> {
    const coins = await this.#deps.store.coinsOf(work.transaction, room.id, sender.id);
    const { id, username, name, avatar } = sender;
    await this.#deps.notifier.notify(work, [
      {
        userId: receiver.id,
        kind: 'gift',
        data: {
          roomId: room.id,
          sender: { id, username, name, avatar },
          gift: { id: gift.id, name: { zh: gift.name_zh, en: gift.name_en }, icon: gift.icon },
          count: combo.combo_count,
          coins,
        },
        group: `gift:${room.id}:${sender.id}`,
      },
    ]);
  }

  async #again(order: OrderRow, { roomId, input }: { roomId: string; input: SendGiftInput }): Promise<GiftAnswer> {
    const { ledger, view, metrics } = this.#deps;
    if (order.room_id !== roomId || order.gift_id !== input.giftId || order.count !== input.count)
      throw new AppError('idempotency_key_reused');
    const [event] = await view.orders([order]);
    // An order without its people: the account went away in between.
    if (event === undefined) throw new AppError('user_not_found');
    metrics.outcome('repeated');
    return { ...event, balance: await ledger.balanceOf(`user:${order.sender_id}`) };
  }
}

function requestOf(roomId: string, { giftId, count }: SendGiftInput): unknown {
  return { roomId, giftId, count };
}

function orderOf(
  { room, channelId, sender, receiver, input, key }: Giving,
  made: { gift: GiftRow; combo: ComboRow; total: number; share: number; transferId: string; at: number },
): OrderRow {
  const { gift, combo, total, share, transferId, at } = made;
  const { id, name_zh, name_en, icon, price, effect, animation } = gift;
  return {
    id: randomUUID(),
    room_id: room.id,
    channel_id: channelId,
    sender_id: sender.id,
    receiver_id: receiver.id,
    gift_id: id,
    ...{ name_zh, name_en, icon, price, effect, animation },
    ...{ count: input.count, total, share, at },
    combo_id: combo.combo_id,
    combo_count: combo.combo_count,
    transfer_id: transferId,
    idem_key: key,
    refunded_at: null,
    refund_transfer_id: null,
  };
}
