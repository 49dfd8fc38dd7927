import { createHash } from 'node:crypto';
import type { Caller } from '../../gateway/contract.ts';
import { AppError } from '../../gateway/contract.ts';
import type { FanBadges } from '../../level/contract.ts';
import { channelIdOf, type RoomStanding } from '../../live/contract.ts';
import type { Author } from '../../moderation/contract.ts';
import type { SupporterBadges } from '../../rank/contract.ts';
import type { UserDirectory, UserFacts } from '../../user/contract.ts';
import type { ChatBadge, ChatSettings } from './contract.ts';

/** How old a shown name may be. */
const FRESH_MS = 2000;
const MAX_KNOWN = 10_000;
/** Of a person without account, letters by which they are told from others. */
const GUEST_LETTERS = 4;

/** Who says something, as everybody sees them. */
export interface Speaker extends Author {
  /** The room's owner, or an administrator. */
  isOwner: boolean;
  username?: string;
  avatar?: string;
}

export interface AuthorsDeps {
  users: UserDirectory;
  supporters: SupporterBadges;
  fans: FanBadges;
  now: () => number;
}

/** Who speaks, with name and badges. */
export class Authors {
  readonly #deps: AuthorsDeps;
  readonly #known = new Map<string, { readAtMs: number; user: Promise<UserFacts | undefined> }>();

  constructor(deps: AuthorsDeps) {
    this.#deps = deps;
  }

  /** @throws AppError login_required */
  async speaker(
    { account }: Caller,
    { room, isOwner, isModerator, person }: RoomStanding,
    settings: ChatSettings,
  ): Promise<Speaker> {
    const isTrusted = isOwner || isModerator;
    if (account !== undefined) {
      const user = await this.#user(account.id);
      if (user === undefined) throw new AppError('login_required');
      const { id: userId, username, name, avatar } = user;
      return { person: `user:${userId}`, userId, username, name, avatar, isTrusted, isOwner };
    }
    // In a room without account whoever has its owner token is its owner.
    if (isOwner) return { person: `owner:${room.id}`, name: room.title.slice(0, 50), isTrusted, isOwner };
    if (person === undefined || !person.startsWith('viewer:') || !settings.guests) throw new AppError('login_required');
    const letters = createHash('sha256').update(person).digest('hex').slice(0, GUEST_LETTERS);
    return { person, name: `#${letters}`, isTrusted, isOwner };
  }

  async badge(speaker: Speaker, standing: RoomStanding, { account }: Caller): Promise<ChatBadge | undefined> {
    const { userId } = speaker;
    const channelId = channelIdOf(standing.room);
    const role = roleOf(standing, account);
    const [fans, supporters] =
      userId === undefined
        ? [undefined, undefined]
        : await Promise.all([
            this.#deps.fans.badgesOf(channelId, [userId]),
            this.#deps.supporters.badgesOf(channelId, [userId]),
          ]);
    const fan = userId === undefined ? undefined : fans?.get(userId);
    const supporter = userId === undefined ? undefined : supporters?.get(userId);
    if (role === undefined && fan === undefined && supporter === undefined) return undefined;
    return {
      ...(role === undefined ? {} : { role }),
      ...(fan === undefined ? {} : { level: fan.level }),
      ...(fan?.name === undefined ? {} : { fanName: fan.name }),
      ...(supporter === undefined ? {} : { supporter }),
    };
  }

  async #user(id: string): Promise<UserFacts | undefined> {
    const now = this.#deps.now();
    const known = this.#known.get(id);
    if (known !== undefined && Math.abs(now - known.readAtMs) < FRESH_MS) return known.user;
    const user = this.#deps.users.find(id);
    this.#known.delete(id);
    this.#known.set(id, { readAtMs: now, user });
    if (this.#known.size > MAX_KNOWN) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    user.catch(() => this.#known.delete(id));
    return user;
  }
}

function roleOf({ room, isOwner, isModerator }: RoomStanding, account: Caller['account']): ChatBadge['role'] {
  if (isOwner && (room.userId === null ? account?.role !== 'admin' : account?.id === room.userId)) return 'owner';
  if (isOwner) return 'admin';
  return isModerator ? 'moderator' : undefined;
}
