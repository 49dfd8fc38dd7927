import type { FanBadges } from '../../level/contract.ts';
import type { SupporterBadges } from '../../rank/contract.ts';
import type { UserDirectory, UserFacts } from '../../user/contract.ts';
import { shownGift } from './catalogue.ts';
import type { GiftBadge, GiftOrder, SentGift } from './contract.ts';
import type { OrderRow } from './store.ts';

type Person = SentGift['receiver'];

/** What people see of what was given. */
export class GiftView {
  readonly #users: UserDirectory;
  readonly #fans: FanBadges;
  readonly #supporters: SupporterBadges;

  constructor(deps: { users: UserDirectory; fans: FanBadges; supporters: SupporterBadges }) {
    this.#users = deps.users;
    this.#fans = deps.fans;
    this.#supporters = deps.supporters;
  }

  personOf({ id, username, name, avatar }: UserFacts): Person {
    return { id, username, name, avatar };
  }

  /** Undefined when there is nothing to show. */
  async badgeOf(
    channelId: string,
    { userId, role }: { userId: string; role: GiftBadge['role'] },
  ): Promise<GiftBadge | undefined> {
    const [fans, supporters] = await Promise.all([
      this.#fans.badgesOf(channelId, [userId]),
      this.#supporters.badgesOf(channelId, [userId]),
    ]);
    const [fan, supporter] = [fans.get(userId), supporters.get(userId)];
    if (fan === undefined && supporter === undefined && role === undefined) return undefined;
    return { role, level: fan?.level, fanName: fan?.name, supporter };
  }

  /** As they were told when they were given, with the names of now. Those of accounts that went away are left out. */
  async orders(rows: readonly OrderRow[]): Promise<SentGift[]> {
    const ids = rows.flatMap(({ sender_id: sender, receiver_id: receiver }) => [sender, receiver]);
    const people = await this.#users.findMany([...new Set(ids)]);
    return rows.flatMap((row) => {
      const [sender, receiver] = [people.get(row.sender_id), people.get(row.receiver_id)];
      if (sender === undefined || receiver === undefined) return [];
      return {
        id: row.id,
        sender: this.personOf(sender),
        receiver: this.personOf(receiver),
        gift: { id: row.gift_id, ...shownGift(row) },
        ...{ count: row.count, total: row.total, at: row.at },
        combo: { id: row.combo_id, count: row.combo_count },
      };
    });
  }
}

/** Ids and numbers only. */
export function plainOrder(row: OrderRow): GiftOrder {
  const { id, count, total, share, at } = row;
  return {
    ...{ id, count, total, share, at },
    roomId: row.room_id,
    senderId: row.sender_id,
    receiverId: row.receiver_id,
    giftId: row.gift_id,
    refundedAt: row.refunded_at ?? undefined,
  };
}
