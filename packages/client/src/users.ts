import type { Caller } from './caller.ts';
import type { Session } from './session.ts';
import type { PublishUrls, Room } from './types.ts';

export interface UserSummary {
  id: string;
  username: string;
  /** Shown name. */
  name: string;
  avatar?: string;
}

/** What everybody may see of an account. */
export interface PublicUser extends UserSummary {
  bio: string;
  followerCount: number;
  followingCount: number;
  /** Whether the caller follows them. */
  isFollowing?: boolean;
  isBanned?: boolean;
  /** The public room in which they are live now. */
  room?: Room | null;
  createdAt: number;
}

/** Who is logged in. */
export interface Account extends UserSummary {
  role: 'user' | 'admin';
}

/** An account as its owner sees it. */
export interface SelfUser extends Account {
  bio: string;
  email?: string;
  /** ms since the epoch. */
  createdAt: number;
  followerCount: number;
  followingCount: number;
  /** The public stream name of the account's channel. */
  playId: string;
  /** The permanent stream key, for OBS: `{playId}?key={secret}`. */
  streamKey?: string;
  publishUrls?: PublishUrls;
}

export interface UpdateUserInput {
  name?: string;
  bio?: string;
  /** null takes it away. */
  avatar?: string | null;
  email?: string | null;
}

export interface PageQuery {
  /** From 1. */
  page?: number;
  pageSize?: number;
}

export interface UserPage {
  users: UserSummary[];
  /** Over all pages. */
  total: number;
}

/** Whom the account follows. */
export interface FollowingLive {
  /** In which they are live now, the most watched first. */
  rooms: Room[];
  /** The others, whose last broadcast was latest first. */
  offline: (UserSummary & { /** When that ended, ms since the epoch. */ lastShowAt?: number })[];
}

export class UsersApi {
  readonly #caller: Caller;
  readonly #session: Session;

  constructor(caller: Caller, session: Session) {
    this.#caller = caller;
    this.#session = session;
  }

  me(): Promise<SelfUser> {
    return this.#caller.json('/api/users/me');
  }

  async updateMe(input: UpdateUserInput): Promise<SelfUser> {
    const user = await this.#caller.json<SelfUser>('/api/users/me', { method: 'PUT', body: input });
    if (this.#session.user !== null) this.#session.setUser(user);
    return user;
  }

  /** Whoever publishes by the old permanent key is cut. */
  rotateStreamKey(): Promise<SelfUser> {
    return this.#caller.json('/api/users/me/stream-key', { method: 'POST', body: {} });
  }

  /** Everything that the platform keeps of the account. */
  exportMe(): Promise<unknown> {
    return this.#caller.json('/api/users/me/export');
  }

  /** For good. */
  async deleteMe(input: { password: string }): Promise<void> {
    await this.#caller.send('/api/users/me', { method: 'DELETE', body: input });
    this.#session.clear();
  }

  /** By id or user name. */
  profile(idOrUsername: string): Promise<PublicUser> {
    return this.#caller.json(userPath(idOrUsername));
  }

  async follow(userId: string): Promise<void> {
    await this.#caller.send(`${userPath(userId)}/follow`, { method: 'POST', body: {} });
  }

  async unfollow(userId: string): Promise<void> {
    await this.#caller.send(`${userPath(userId)}/follow`, { method: 'DELETE' });
  }

  followers(userId: string, query: PageQuery = {}): Promise<UserPage> {
    return this.#page(`${userPath(userId)}/followers`, query);
  }

  following(userId: string, query: PageQuery = {}): Promise<UserPage> {
    return this.#page(`${userPath(userId)}/following`, query);
  }

  /** Of those whom one follows oneself: who is live now, and when the others were. */
  followingLive(): Promise<FollowingLive> {
    return this.#caller.json('/api/users/me/following/live');
  }

  async #page(path: string, { page, pageSize }: PageQuery): Promise<UserPage> {
    const response = await this.#caller.send(path, { query: { page, pageSize } });
    const users = (await response.json()) as UserSummary[];
    return { users, total: Number(response.headers.get('x-total-count') ?? users.length) };
  }
}

function userPath(idOrUsername: string): string {
  return `/api/users/${encodeURIComponent(idOrUsername)}`;
}
