import type { Caller } from './caller.ts';
import type { GetRoomOptions, OwnerOptions } from './rooms.ts';
import { roomPath } from './rooms.ts';

/** What a channel calls its fans; without a name there is the level alone. */
export interface FanBadgeName {
  name?: string;
}

export interface Fan {
  userId: string;
  username: string;
  name: string;
  avatar?: string;
  level: number;
  experience: number;
  place: number;
}

export interface FanPage {
  badge: FanBadgeName;
  fans: Fan[];
  /** Over all. */
  total: number;
}

/** How far the caller came among the fans of a channel. */
export interface FanStanding {
  channelId: string;
  badge: FanBadgeName;
  /** 0 is none yet. */
  level: number;
  experience: number;
  /** Experience at which this level began. */
  levelAt: number;
  /** Experience at which the next one begins; none above the last. */
  nextAt?: number;
  today: { watch: number; watchMost: number; chat: number; chatMost: number };
  rules: { watchPerMinute: number; chatPerMessage: number; giftPerCoin: number };
}

/** A level that fans have, and what it is called. */
export interface FanLevel {
  level: number;
  /** Experience at which it begins. */
  from: number;
  title: { zh: string; en: string };
}

/** `level.up` on the `user` channel. */
export interface LevelUp {
  channelId: string;
  level: number;
  badge: FanBadgeName;
}

/** Fans of channels, and their levels. */
export class FansApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Every level there is, from 1 on; the same for all channels. */
  async levels({ signal }: { signal?: AbortSignal } = {}): Promise<FanLevel[]> {
    return (await this.#caller.json<{ levels: FanLevel[] }>('/api/fans/levels', { signal })).levels;
  }

  /** The furthest first. */
  list(
    roomId: string,
    { limit, playToken, ownerToken, signal }: GetRoomOptions & { limit?: number } = {},
  ): Promise<FanPage> {
    return this.#caller.json(`${roomPath(roomId)}/fans`, { query: { limit, token: playToken }, ownerToken, signal });
  }

  mine(roomId: string, { playToken, ownerToken, signal }: GetRoomOptions = {}): Promise<FanStanding> {
    return this.#caller.json(`${roomPath(roomId)}/fans/me`, { query: { token: playToken }, ownerToken, signal });
  }

  /** 2 to 6 characters; null for none. For the room's owner. */
  setBadge(roomId: string, name: string | null, { ownerToken }: OwnerOptions = {}): Promise<FanBadgeName> {
    return this.#caller.json(`${roomPath(roomId)}/fans/badge`, { method: 'PUT', body: { name }, ownerToken });
  }
}
