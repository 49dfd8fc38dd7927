import { audit } from '../../database/audit.ts';
import type { Outbox } from '../../database/outbox.ts';
import { AppError, type Account, type Caller } from '../gateway/contract.ts';
import { channelIdOf, type RoomDirectory } from '../live/contract.ts';
import type { PeriodStarts } from '../rank/contract.ts';
import type { KeptFanBadges } from './badges.ts';
import type { Fans, FanStanding, LevelRules } from './contract.ts';
import type { FanStore } from './store.ts';

export interface LevelServiceDeps {
  store: FanStore;
  badges: KeptFanBadges;
  rooms: RoomDirectory;
  outbox: Outbox;
  calendar: PeriodStarts;
  rules: LevelRules;
  now: () => number;
}

/** What fans ask, and what an owner calls them. */
export class LevelService {
  readonly #deps: LevelServiceDeps;

  constructor(deps: LevelServiceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError room_not_found, room_private, banned_from_room */
  async standing(
    caller: Caller,
    account: Account,
    { roomId, token }: { roomId: string; token?: string },
  ): Promise<FanStanding> {
    const { store, rooms, rules, calendar, now } = this.#deps;
    const { room } = await rooms.standing(caller, roomId, { token });
    const channelId = channelIdOf(room);
    const fan = await store.find(channelId, account.id);
    const { level = 0, experience = 0 } = fan ?? {};
    const isToday = fan !== undefined && fan.day === calendar.startsAt(now()).day;
    const { watchPerMinute, watchPerDay, chatPerMessage, chatPerDay, giftPerCoin, thresholds } = rules;
    return {
      ...{ channelId, level, experience, levelAt: thresholds[level - 1] ?? 0, nextAt: thresholds[level] },
      badge: { name: await store.badgeOf(channelId) },
      today: {
        ...{ watch: isToday ? fan.day_watch : 0, watchMost: watchPerDay },
        ...{ chat: isToday ? fan.day_chat : 0, chatMost: chatPerDay },
      },
      rules: { watchPerMinute, chatPerMessage, giftPerCoin },
    };
  }

  /** @throws AppError room_not_found, room_private, banned_from_room */
  async fans(caller: Caller, roomId: string, { limit, token }: { limit: number; token?: string }): Promise<Fans> {
    const { store, rooms } = this.#deps;
    const { room } = await rooms.standing(caller, roomId, { token });
    const channelId = channelIdOf(room);
    return { badge: { name: await store.badgeOf(channelId) }, ...(await store.list(channelId, limit)) };
  }

  /** @throws AppError room_not_found, forbidden */
  async setBadge(caller: Caller, roomId: string, name: string | null): Promise<void> {
    const { store, badges, rooms, outbox, now } = this.#deps;
    const { room, isOwner } = await rooms.standing(caller, roomId);
    if (!isOwner) throw new AppError('forbidden');
    const channelId = channelIdOf(room);
    await outbox.transact(async ({ transaction }) => {
      await store.setBadge(transaction, { channelId, name });
      await audit(transaction, {
        actor: caller.account === undefined ? 'owner' : `user:${caller.account.id}`,
        action: 'fans.badge_named',
        subject: `room:${roomId}`,
        details: { name },
        address: caller.address,
        atMs: now(),
      });
    });
    badges.renamed(channelId);
  }
}
