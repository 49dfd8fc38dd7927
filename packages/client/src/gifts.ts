import type { Caller } from './caller.ts';
import { readJson } from './http.ts';
import { newKey } from './keys.ts';
import type { GetRoomOptions } from './rooms.ts';
import { roomPath } from './rooms.ts';
import type { PageQuery, UserSummary } from './users.ts';

/** How a page celebrates it. */
export type GiftEffect = 'none' | 'banner' | 'fullscreen';

interface GiftLook {
  name: { zh: string; en: string };
  /** A name of the Fluent Emoji set. */
  icon: string;
  /** Coins for one. */
  price: number;
  effect: GiftEffect;
  /** What is played, such as `fireworks`. Newer servers may know more. */
  animation?: string;
}

/** Something that can be given. */
export interface Gift extends GiftLook {
  id: string;
  /** Whether those that follow within 5 s are counted together. */
  combo: boolean;
}

/** What stands beside the sender's name: what they are here, their level as a fan, their place this week. */
export interface GiftBadge {
  role?: 'moderator' | 'admin';
  level?: number;
  fanName?: string;
  supporter?: 1 | 2 | 3;
}

/** A gift that was given: also the event `gift.sent` on `room:ID`. */
export interface SentGift {
  id: string;
  sender: UserSummary & { badge?: GiftBadge };
  receiver: UserSummary;
  /** As it was when it was given. */
  gift: GiftLook & { id: string };
  count: number;
  /** Coins. */
  total: number;
  /** `count` is of all pieces that were given in one go. */
  combo: { id: string; count: number };
  /** ms since the epoch. */
  at: number;
}

/** The event `gift.refunded` on `room:ID`. */
export interface RefundedGift {
  id: string;
  total: number;
}

export interface GiftAnswer extends SentGift {
  /** Coins that the sender has now. */
  balance: number;
}

export interface SendGiftInput {
  giftId: string;
  /** 1 to 9999, 1 where left out. */
  count?: number;
  /** What was shown for one: refused with `gift_price_changed` when it is another by now. */
  price?: number;
}

/** A gift as administrators see it. */
export interface AdminGift extends Gift {
  sort: number;
  enabled: boolean;
  createdAt: number;
  updatedAt: number;
}

export interface GiftInput {
  name: { zh: string; en: string };
  icon: string;
  price: number;
  effect?: GiftEffect;
  animation?: string | null;
  combo?: boolean;
  sort?: number;
  enabled?: boolean;
}

/** What was given, as the books know it. */
export interface GiftOrder {
  id: string;
  roomId: string;
  senderId: string;
  receiverId: string;
  giftId: string;
  count: number;
  /** Coins. */
  total: number;
  /** Coins of them that the receiver got. */
  share: number;
  at: number;
  refundedAt?: number;
}

export interface EarnedQuery {
  /** ms since the epoch. */
  from?: number;
  roomId?: string;
}

/** What gifts brought a streamer. */
export interface EarnedGifts {
  /** Their share of the coins. */
  coins: number;
  /** Pieces. */
  gifts: number;
}

export interface GiftOrderPage {
  orders: GiftOrder[];
  /** Over all pages. */
  total: number;
}

/** Gifts. */
export class GiftsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** What can be given. */
  list({ signal }: { signal?: AbortSignal } = {}): Promise<Gift[]> {
    return this.#caller.json('/api/gifts', { signal });
  }

  /** What was given in a room, the newest first. */
  ofRoom(
    roomId: string,
    { limit, ownerToken, playToken, signal }: GetRoomOptions & { limit?: number } = {},
  ): Promise<SentGift[]> {
    const query = { limit, token: playToken };
    return this.#caller.json(`${roomPath(roomId)}/gifts`, { ownerToken, signal, query });
  }

  /**
   * Gives. Whoever does not know whether it arrived sends it again with the same `key` (8 to 100 letters, digits, - and
   * _): it is one gift. Without a key every call is a gift of its own. `token` is the play token of a private room.
   */
  send(
    roomId: string,
    input: SendGiftInput,
    { key = newKey(), token }: { key?: string; token?: string | undefined } = {},
  ): Promise<GiftAnswer> {
    return this.#caller.json(`${roomPath(roomId)}/gifts`, {
      method: 'POST',
      body: { ...input, token },
      idempotencyKey: key,
    });
  }

  /**
   * What gifts brought the caller since `from` (ms since the epoch) or ever, in one room or all; those that were given
   * back left out.
   */
  earned({ signal, ...query }: EarnedQuery & { signal?: AbortSignal } = {}): Promise<EarnedGifts> {
    return this.#caller.json('/api/gifts/earned', { query: { ...query }, signal });
  }

  /** All of the catalogue; for administrators, as everything below. */
  listAll(): Promise<AdminGift[]> {
    return this.#caller.json('/api/admin/gifts');
  }

  create(id: string, input: GiftInput): Promise<AdminGift> {
    return this.#caller.json('/api/admin/gifts', { method: 'POST', body: { id, ...input } });
  }

  update(id: string, input: Partial<GiftInput>): Promise<AdminGift> {
    return this.#caller.json(adminPath(id), { method: 'PUT', body: input });
  }

  /** One that somebody gave before is disabled instead, and `deleted` false. */
  remove(id: string): Promise<{ deleted: boolean }> {
    return this.#caller.json(adminPath(id), { method: 'DELETE' });
  }

  async orders(query: PageQuery & { roomId?: string; userId?: string } = {}): Promise<GiftOrderPage> {
    const response = await this.#caller.send('/api/admin/gifts/orders', { query: { ...query } });
    const orders = await readJson<GiftOrder[]>(response);
    return { orders, total: Number(response.headers.get('x-total-count') ?? orders.length) };
  }

  /** Gives it back to its sender; a second time changes nothing. */
  refund(orderId: string, note?: string): Promise<GiftOrder> {
    return this.#caller.json(`${adminPath('orders')}/${encodeURIComponent(orderId)}/refund`, {
      method: 'POST',
      body: { note },
    });
  }
}

function adminPath(id: string): string {
  return `/api/admin/gifts/${encodeURIComponent(id)}`;
}
