import { randomBytes } from 'node:crypto';
import { audit } from '../../database/audit.ts';
import { isUniqueViolation } from '../../database/errors.ts';
import type { Outbox } from '../../database/outbox.ts';
import { searchKeyOf } from '../../database/search-key.ts';
import type { MediaEngine, Site } from '../../engine/contract.ts';
import { AppError, type Account, type Caller } from '../gateway/contract.ts';
import type { PictureLibrary } from '../file/contract.ts';
import { LIVE_APP, type RoomDirectory } from '../live/contract.ts';
import type { RankFeed } from '../rank/contract.ts';
import {
  USER_FOLLOWED,
  userChannelOf,
  type FollowingLive,
  type FoundUser,
  type Profile,
  type Self,
  type UpdateSelf,
  type UserSummary,
} from './contract.ts';
import type { Page, UserRow, UserStore } from './store.ts';

/** Whom a page of those followed shows. */
const MAX_FOLLOWED = 500;
/** Of whom the most followed are found. */
const MAX_CANDIDATES = 200;

export interface UserServiceDeps {
  store: UserStore;
  outbox: Outbox;
  engine: MediaEngine;
  rooms: RoomDirectory;
  rank: RankFeed;
  /** Asked late: files are made after accounts. */
  pictures: () => PictureLibrary;
  now: () => number;
}

/** Profiles, who follows whom, and the permanent stream key. */
export class UserService {
  readonly #deps: UserServiceDeps;

  constructor(deps: UserServiceDeps) {
    this.#deps = deps;
  }

  async self(account: Account, site: Site): Promise<Self> {
    return this.#selfView(await this.#find(account.id), account, site);
  }

  /** @throws AppError email_taken, unknown_picture, and what keeping a picture throws */
  async update(account: Account, input: UpdateSelf, site: Site): Promise<Self> {
    const { store, outbox, pictures, now } = this.#deps;
    const changes: Partial<UserRow> = { updated_at: now() };
    if (input.name !== undefined) {
      changes.name = input.name;
      changes.name_key = searchKeyOf(input.name);
    }
    if (input.bio !== undefined) changes.bio = input.bio;
    if (input.avatar !== undefined)
      changes.avatar = input.avatar && (await pictures().adopt(input.avatar, { owner: account, purpose: 'avatar' }));
    if (input.email !== undefined) {
      changes.email = input.email;
      changes.email_key = input.email?.toLowerCase() ?? null;
    }
    const work = outbox.transact(async ({ transaction }) => {
      const emailKey = changes.email_key ?? undefined;
      const isTaken = emailKey !== undefined && (await store.isEmailTaken(transaction, { emailKey, by: account.id }));
      if (isTaken) throw new AppError('email_taken');
      const changed = await store.change(transaction, { id: account.id, changes });
      if (changed === undefined) throw new AppError('user_not_found');
      await audit(transaction, {
        actor: `user:${account.id}`,
        action: 'user.updated',
        subject: `user:${account.id}`,
        details: { fields: Object.keys(input) },
        atMs: now(),
      });
      return changed;
    });
    const row = await work.catch((error: unknown) => {
      // Somebody else took the address after it was looked for; it is the only column here that has to be unique.
      throw isUniqueViolation(error) ? new AppError('email_taken') : error;
    });
    return this.#selfView(row, account, site);
  }

  /** Whoever publishes by the old key is cut. */
  async rotateStreamKey(account: Account, site: Site): Promise<Self> {
    const { store, outbox, rooms, now } = this.#deps;
    const changes = { stream_secret: randomBytes(24).toString('base64url'), updated_at: now() };
    const row = await outbox.transact(async ({ transaction }) => {
      const changed = await store.change(transaction, { id: account.id, changes });
      if (changed === undefined) throw new AppError('user_not_found');
      await audit(transaction, {
        actor: `user:${account.id}`,
        action: 'user.stream_key_changed',
        subject: `user:${account.id}`,
        atMs: now(),
      });
      return changed;
    });
    await rooms.streamKeyChanged(row.play_id);
    return this.#selfView(row, account, site);
  }

  /** By id, or by user name. @throws AppError user_not_found */
  async profile(caller: Caller, idOrUsername: string): Promise<Profile> {
    const { store, rooms, now } = this.#deps;
    const row = (await store.find(idOrUsername)) ?? (await store.findByUsername(idOrUsername));
    if (row === undefined) throw new AppError('user_not_found');
    const { followers, following } = await store.followCounts(row.id);
    const me = caller.account?.id;
    const isBanned = row.banned_at !== null && (row.banned_until === null || row.banned_until > now());
    return {
      ...summaryOf(row),
      bio: row.bio,
      followerCount: followers,
      followingCount: following,
      isFollowing: me !== undefined && (await store.isFollowing(me, row.id)),
      isBanned: isBanned ? true : undefined,
      room: await rooms.liveRoomOf(row.id, caller.site),
      createdAt: row.created_at,
    };
  }

  /** Following twice is following once. @throws AppError user_not_found, cannot_follow_self */
  async follow(account: Account, userId: string): Promise<void> {
    const { store, outbox, rank, now } = this.#deps;
    if (userId === account.id) throw new AppError('cannot_follow_self');
    await this.#find(userId);
    const follower = summaryOf(await this.#find(account.id));
    await outbox.transact(async ({ transaction, emit }) => {
      const nowMs = now();
      const isNew = await store.follow(transaction, { followerId: account.id, userId, nowMs });
      if (!isNew) return;
      await rank.add(transaction, [{ board: 'followers', userId, amount: 1, at: nowMs }]);
      await emit({ channel: userChannelOf(userId), event: USER_FOLLOWED, data: { follower } });
    });
  }

  /** @throws AppError user_not_found */
  async unfollow(account: Account, userId: string): Promise<void> {
    const { store, outbox, rank } = this.#deps;
    await this.#find(userId);
    await outbox.transact(async ({ transaction }) => {
      const since = await store.unfollow(transaction, { followerId: account.id, userId });
      // Taken back from the hour in which it was given, so that each counts who came in it and stayed.
      if (since !== undefined) await rank.add(transaction, [{ board: 'followers', userId, amount: -1, at: since }]);
    });
  }

  /** Somebody's account goes: those whom they followed have a follower less. */
  async unfollowAll(followerId: string): Promise<void> {
    const { store, outbox, rank } = this.#deps;
    await outbox.transact(async ({ transaction }) => {
      const gone = await store.unfollowAll(transaction, followerId);
      const facts = gone.map(({ userId, since }) => ({ board: 'followers', userId, amount: -1, at: since }) as const);
      await rank.add(transaction, facts);
    });
  }

  /** @throws AppError user_not_found */
  async follows(
    userId: string,
    side: 'followers' | 'following',
    page: Page,
  ): Promise<{ users: UserSummary[]; total: number }> {
    const { store } = this.#deps;
    await this.#find(userId);
    const counts = await store.followCounts(userId);
    return { users: (await store.listFollows(userId, side, page)).map(summaryOf), total: counts[side] };
  }

  /** The rank of a name counts before how many follow, so that who is looked for by name is found. */
  async search(q: string, limit: number): Promise<FoundUser[]> {
    const { store, now } = this.#deps;
    const rows = await store.search(q, { limit: Math.max(limit, MAX_CANDIDATES), nowMs: now() });
    const counts = await store.followerCounts(rows.map(({ id }) => id));
    const found = rows.map((row) => ({ ...summaryOf(row), followerCount: counts.get(row.id) ?? 0 }));
    const rank = rankOf(q);
    return found.toSorted((a, b) => rank(a) - rank(b) || b.followerCount - a.followerCount).slice(0, limit);
  }

  /** Of those whom the account follows, the newest first up to a limit: who is live, and who was. */
  async followingLive(account: Account, site: Site): Promise<FollowingLive> {
    const { store, rooms } = this.#deps;
    const followed = await store.listFollows(account.id, 'following', { page: 1, pageSize: MAX_FOLLOWED });
    const ids = followed.map(({ id }) => id);
    const live = await rooms.liveRoomsOf(ids, { limit: MAX_FOLLOWED, site });
    const isLive = new Set(live.map(({ userId }) => userId));
    const offline = followed.filter(({ id }) => !isLive.has(id));
    const shows = await rooms.lastShowsOf(offline.map(({ id }) => id));
    return {
      rooms: live,
      offline: offline
        .map((row) => ({ ...summaryOf(row), lastShowAt: shows.get(row.id) }))
        .toSorted((a, b) => (b.lastShowAt ?? 0) - (a.lastShowAt ?? 0)),
    };
  }

  async #find(id: string): Promise<UserRow> {
    const row = await this.#deps.store.find(id);
    if (row === undefined) throw new AppError('user_not_found');
    return row;
  }

  async #selfView(row: UserRow, { scopes }: Account, site: Site): Promise<Self> {
    const { followers, following } = await this.#deps.store.followCounts(row.id);
    const mayPublish = scopes === undefined || scopes.includes('rooms:write') || scopes.includes('admin');
    const target = { app: LIVE_APP, stream: row.play_id, ...site, query: { key: row.stream_secret } };
    return {
      ...summaryOf(row),
      bio: row.bio,
      role: row.role,
      email: row.email ?? undefined,
      followerCount: followers,
      followingCount: following,
      playId: row.play_id,
      streamKey: mayPublish ? `${row.play_id}?key=${row.stream_secret}` : undefined,
      publishUrls: mayPublish ? this.#deps.engine.publishUrls(target) : undefined,
      createdAt: row.created_at,
    };
  }
}

/** 0 is the very name, 1 begins with it, 2 has it in it. */
function rankOf(q: string): (user: UserSummary) => number {
  const asked = searchKeyOf(q);
  return ({ name, username }) => {
    const keys = [searchKeyOf(name), searchKeyOf(username)];
    if (keys.includes(asked)) return 0;
    return keys.some((key) => key.startsWith(asked)) ? 1 : 2;
  };
}

function summaryOf({ id, username, name, avatar }: UserRow): UserSummary {
  return { id, username, name, avatar: avatar ?? undefined };
}
