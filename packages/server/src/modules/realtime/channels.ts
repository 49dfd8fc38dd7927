import type { Logger } from 'pino';
import type { Position, StateCenter } from '../../state/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { Asker, ChannelSource, Removal } from './contract.ts';
import { ChannelFeed, type FeedMember } from './feed.ts';
import { userChannel } from './user-channel.ts';

/** Feeds without members that are kept for a moment, for those who come back. */
const MAX_IDLE_FEEDS = 1000;
/** Presences that outlast their subscription at one time. */
const MAX_LINGERING = 10_000;

export interface ChannelsOptions {
  mergeWindowMs: number | 'auto';
  /** How long a feed that lost its last member is kept. */
  feedLingerMs: number;
}

export interface ChannelsDeps {
  state: StateCenter;
  sources: readonly ChannelSource[];
  logger: Logger;
  now: () => number;
  options: ChannelsOptions;
  /** See `FeedDeps`. */
  delivered?(ageMs: number): void;
}

/** Somebody who was let in. */
export interface Subscription {
  readonly logged: boolean;
  /** Sends the snapshot, or what was missed since `since`; from then on everything. */
  begin(since: Position | undefined): Promise<void>;
  /** Idempotent. `presenceMs` is how long they still count as present: until the next poll. */
  leave(presenceMs?: number): void;
}

interface Kept {
  feed: ChannelFeed;
  subscriptions: Map<Subscription, FeedMember>;
  idleTimer: NodeJS.Timeout | undefined;
}

/** Every channel that somebody on this node listens to. */
export class Channels {
  readonly #deps: ChannelsDeps;
  readonly #sources: readonly ChannelSource[];
  readonly #kept = new Map<string, Kept>();
  readonly #lingering = new Map<() => void, NodeJS.Timeout>();
  #idle = 0;
  #isClosed = false;

  constructor(deps: ChannelsDeps) {
    this.#deps = deps;
    this.#sources = [...deps.sources, userChannel];
    for (const source of this.#sources) source.onRemoved?.((removal) => this.#remove(removal));
  }

  get subscriptions(): number {
    let total = 0;
    for (const { subscriptions } of this.#kept.values()) total += subscriptions.size;
    return total;
  }

  /** The longest time that events of a channel wait for others as of now, ms. */
  get widestWindowMs(): number {
    let widest = 0;
    for (const { feed } of this.#kept.values()) widest = Math.max(widest, feed.windowMs);
    return widest;
  }

  /** Lets a member in, silent until `begin`. @throws AppError unknown_channel, login_required, or the source's refusal. */
  async enter(shownName: string, member: FeedMember): Promise<Subscription> {
    const { name, source } = this.#find(shownName, member.asker());
    await source.authorize(name, member.asker());
    const leavePresence = await source.joined?.(name, member.asker());
    const kept = this.#keep({ name, shownName, source });
    const place = kept.feed.join(member);
    let isLeft = false;
    const subscription: Subscription = {
      logged: source.logged,
      begin: (since) => place.begin(since),
      leave: (presenceMs = 0) => {
        if (isLeft) return;
        isLeft = true;
        place.leave();
        kept.subscriptions.delete(subscription);
        if (leavePresence !== undefined) this.#leavePresence(leavePresence, presenceMs);
        if (kept.subscriptions.size === 0) this.#rest(name, kept);
      },
    };
    kept.subscriptions.set(subscription, member);
    return subscription;
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const [leave, timer] of this.#lingering) {
      clearTimeout(timer);
      leave();
    }
    this.#lingering.clear();
    for (const [name, kept] of this.#kept) if (kept.subscriptions.size === 0) this.#drop(name, kept);
  }

  #find(shownName: string, { caller }: Asker): { name: string; source: ChannelSource } {
    if (shownName.startsWith('user:')) throw new AppError('unknown_channel');
    if (shownName === 'user' && caller.account === undefined) throw new AppError('login_required');
    const name = shownName === 'user' ? `user:${caller.account?.id}` : shownName;
    const source = this.#sources.find(({ pattern }) => pattern.test(name));
    if (source === undefined) throw new AppError('unknown_channel');
    return { name, source };
  }

  #keep({ name, shownName, source }: { name: string; shownName: string; source: ChannelSource }): Kept {
    const known = this.#kept.get(name);
    if (known !== undefined) {
      if (known.idleTimer !== undefined) this.#idle--;
      clearTimeout(known.idleTimer);
      known.idleTimer = undefined;
      return known;
    }
    const { state, now, options, delivered } = this.#deps;
    const { mergeWindowMs } = options;
    const feed = new ChannelFeed({ name, shownName, source, state, now, mergeWindowMs, delivered });
    const kept: Kept = { feed, subscriptions: new Map(), idleTimer: undefined };
    this.#kept.set(name, kept);
    feed.subscribed.catch(() => {
      if (this.#kept.get(name) === kept) this.#kept.delete(name);
    });
    return kept;
  }

  /** Nobody is left: the feed waits a moment, so that a poller or a storm of returning clients finds it warm. */
  #rest(name: string, kept: Kept): void {
    if (this.#isClosed || this.#idle >= MAX_IDLE_FEEDS) {
      this.#drop(name, kept);
      return;
    }
    this.#idle++;
    kept.idleTimer = setTimeout(() => {
      this.#idle--;
      this.#drop(name, kept);
    }, this.#deps.options.feedLingerMs).unref();
  }

  #drop(name: string, { feed, idleTimer }: Kept): void {
    clearTimeout(idleTimer);
    if (this.#kept.get(name)?.feed === feed) this.#kept.delete(name);
    feed
      .close()
      .catch((error: unknown) => this.#deps.logger.warn({ err: error, channel: name }, 'a channel was not left'));
  }

  #leavePresence(leave: () => void, presenceMs: number): void {
    if (presenceMs === 0 || this.#isClosed || this.#lingering.size >= MAX_LINGERING) {
      leave();
      return;
    }
    const timer = setTimeout(() => {
      this.#lingering.delete(leave);
      leave();
    }, presenceMs).unref();
    this.#lingering.set(leave, timer);
  }

  #remove({ channel, fits, code }: Removal): void {
    const kept = this.#kept.get(channel);
    if (kept === undefined) return;
    for (const [subscription, member] of kept.subscriptions) {
      this.#removeIf(subscription, member, { fits, code }).catch((error: unknown) =>
        this.#deps.logger.error({ err: error, channel }, 'a listener was not removed'),
      );
    }
  }

  async #removeIf(
    subscription: Subscription,
    member: FeedMember,
    { fits, code }: Pick<Removal, 'fits' | 'code'>,
  ): Promise<void> {
    if (!(await fits(member.asker()))) return;
    subscription.leave();
    member.end(new AppError(code));
  }
}
