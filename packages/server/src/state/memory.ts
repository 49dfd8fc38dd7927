import { randomBytes } from 'node:crypto';
import type {
  Bucket,
  Delivery,
  GroupCount,
  Lease,
  Listener,
  LoggedEvent,
  LogRead,
  NewEvent,
  Position,
  StateCenter,
  StateHealth,
  Unsubscribe,
} from './contract.ts';

/** A group that has been empty this long forgets its peak. */
const EMPTY_GROUP_MS = 3_600_000;
/** The log of a channel that nobody listens to or asks for this long is forgotten: broadcasts end, and others begin. */
const UNUSED_LOG_MS = 300_000;
const SWEEP_MS = 10_000;
/** A token that is there but for the last digits of its arithmetic is there. */
const ROUNDING = 1e-6;

interface Channel {
  epoch: string;
  offset: number;
  /** The newest events, oldest first; at most `historySize`. */
  history: LoggedEvent[];
  /** Ids of the events in `history`, with their offsets. */
  ids: Map<string, number>;
  listeners: Set<Listener>;
  usedAtMs: number;
}

interface Group {
  members: Set<string>;
  peak: number;
  emptySinceMs: number | undefined;
}

export interface MemoryStateOptions {
  /** Events kept per channel. */
  historySize?: number;
  /** Channels kept; the longest unused without listeners goes first, and begins a new epoch if it comes back. */
  maxChannels?: number;
  now?: () => number;
}

/** The state center of a single process. */
export class MemoryStateCenter implements StateCenter {
  readonly nodeId = randomBytes(6).toString('hex');
  readonly #historySize: number;
  readonly #maxChannels: number;
  readonly #now: () => number;
  readonly #health: StateHealth;
  /** In order of last use. */
  readonly #channels = new Map<string, Channel>();
  readonly #groups = new Map<string, Group>();
  readonly #leases = new Map<string, { lease: Lease; value: string }>();
  readonly #counters = new Map<string, { value: number; endsAtMs: number }>();
  /** When each is full again, ms since the epoch. */
  readonly #buckets = new Map<string, number>();
  readonly #sweeper: NodeJS.Timeout;

  constructor({ historySize = 1000, maxChannels = 10_000, now = Date.now }: MemoryStateOptions = {}) {
    this.#historySize = historySize;
    this.#maxChannels = maxChannels;
    this.#now = now;
    this.#health = { ok: true, sinceMs: now() };
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  async append(name: string, { id, event, data, atMs = this.#now() }: NewEvent): Promise<Position> {
    const channel = this.#use(name);
    const known = channel.ids.get(id);
    if (known !== undefined) return { epoch: channel.epoch, offset: known };
    channel.offset++;
    channel.ids.set(id, channel.offset);
    channel.history.push({ event, data, atMs, offset: channel.offset });
    if (channel.history.length > this.#historySize) {
      channel.history.shift();
      const [oldest] = channel.ids.keys();
      if (oldest !== undefined) channel.ids.delete(oldest);
    }
    const position = positionOf(channel);
    for (const listener of channel.listeners) listener.deliver({ event, data, atMs, position });
    return position;
  }

  async publishEphemeral(name: string, event: string, data: unknown): Promise<void> {
    const listeners = this.#channels.get(name)?.listeners;
    if (listeners === undefined) return;
    const delivery: Delivery = { event, data, atMs: this.#now() };
    for (const listener of listeners) listener.deliver(delivery);
  }

  async position(name: string): Promise<Position> {
    return positionOf(this.#use(name));
  }

  async read(name: string, since: Position): Promise<LogRead> {
    const channel = this.#use(name);
    const position = positionOf(channel);
    const oldestKept = channel.offset - channel.history.length;
    const recovered = since.epoch === channel.epoch && since.offset >= oldestKept && since.offset <= channel.offset;
    return { recovered, position, events: recovered ? channel.history.slice(since.offset - oldestKept) : [] };
  }

  async subscribe(name: string, listener: Listener): Promise<Unsubscribe> {
    const { listeners } = this.#use(name);
    listeners.add(listener);
    return async () => {
      listeners.delete(listener);
      // From here on it may be unused.
      if (this.#channels.get(name)?.listeners === listeners) this.#use(name);
    };
  }

  async enter(name: string, member: string, limit = 0): Promise<boolean> {
    const group = this.#groups.get(name) ?? { members: new Set(), peak: 0, emptySinceMs: this.#now() };
    if (!group.members.has(member) && limit > 0 && group.members.size >= limit) return false;
    group.members.add(member);
    group.peak = Math.max(group.peak, group.members.size);
    group.emptySinceMs = undefined;
    this.#groups.set(name, group);
    return true;
  }

  async leave(name: string, member: string): Promise<void> {
    const group = this.#groups.get(name);
    if (group?.members.delete(member) === true && group.members.size === 0) group.emptySinceMs = this.#now();
  }

  async counts(groups: readonly string[]): Promise<Map<string, GroupCount>> {
    return new Map(
      groups.map((name) => {
        const group = this.#groups.get(name);
        return [name, { count: group?.members.size ?? 0, peak: group?.peak ?? 0 }];
      }),
    );
  }

  async members(name: string, limit: number): Promise<string[]> {
    return [...(this.#groups.get(name)?.members ?? [])].slice(0, limit);
  }

  async lease(name: string, value = ''): Promise<Lease | undefined> {
    if (this.#leases.has(name)) return undefined;
    const leases = this.#leases;
    const lease: Lease = {
      name,
      get isHeld() {
        return leases.get(name)?.lease === lease;
      },
      release: async () => {
        if (lease.isHeld) leases.delete(name);
      },
    };
    leases.set(name, { lease, value });
    return lease;
  }

  async holders(names: readonly string[]): Promise<Map<string, { nodeId: string; value: string }>> {
    const held = new Map<string, { nodeId: string; value: string }>();
    for (const name of names) {
      const lease = this.#leases.get(name);
      if (lease !== undefined) held.set(name, { nodeId: this.nodeId, value: lease.value });
    }
    return held;
  }

  async count(name: string, by: number, ttlMs: number): Promise<number> {
    const counter = this.#counters.get(name);
    const before = counter === undefined || counter.endsAtMs <= this.#now() ? 0 : counter.value;
    if (by === 0) return before;
    this.#counters.set(name, { value: before + by, endsAtMs: this.#now() + ttlMs });
    return before + by;
  }

  async clearCount(name: string): Promise<void> {
    this.#counters.delete(name);
  }

  async take(name: string, { burst, perSecond }: Bucket, want = 1): Promise<number> {
    const now = this.#now();
    const tokenMs = 1000 / perSecond;
    // A clock that was set back must not leave a bucket empty for longer than it takes to fill.
    const fullAtMs = Math.min(Math.max(this.#buckets.get(name) ?? now, now), now + burst * tokenMs);
    const there = Math.floor(burst - (fullAtMs - now) / tokenMs + ROUNDING);
    const taken = Math.max(0, Math.min(want, there));
    if (taken > 0) this.#buckets.set(name, fullAtMs + taken * tokenMs);
    return taken;
  }

  health(): StateHealth {
    return this.#health;
  }

  /** A process's own memory is always there, and it is the only node: neither is ever told. */
  onHealth(): void {}
  onNodeLost(): void {}

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#channels.clear();
    this.#groups.clear();
    this.#leases.clear();
    this.#counters.clear();
    this.#buckets.clear();
  }

  #use(name: string): Channel {
    const channel = this.#channels.get(name) ?? {
      epoch: randomBytes(6).toString('hex'),
      offset: 0,
      history: [],
      ids: new Map(),
      listeners: new Set(),
      usedAtMs: 0,
    };
    channel.usedAtMs = this.#now();
    this.#channels.delete(name);
    this.#channels.set(name, channel);
    if (this.#channels.size > this.#maxChannels) this.#evict();
    return channel;
  }

  #evict(): void {
    for (const [name, channel] of this.#channels) {
      if (channel.listeners.size > 0) continue;
      this.#channels.delete(name);
      return;
    }
  }

  #sweep(): void {
    const now = this.#now();
    for (const [name, { endsAtMs }] of this.#counters) if (endsAtMs <= now) this.#counters.delete(name);
    for (const [name, fullAtMs] of this.#buckets) if (fullAtMs <= now) this.#buckets.delete(name);
    for (const [name, { emptySinceMs }] of this.#groups)
      if (emptySinceMs !== undefined && emptySinceMs + EMPTY_GROUP_MS <= now) this.#groups.delete(name);
    for (const [name, { listeners, usedAtMs }] of this.#channels)
      if (listeners.size === 0 && usedAtMs + UNUSED_LOG_MS <= now) this.#channels.delete(name);
  }
}

function positionOf({ epoch, offset }: Channel): Position {
  return { epoch, offset };
}
