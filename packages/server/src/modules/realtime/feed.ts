import type { Site } from '../../engine/contract.ts';
import type { Delivery, Listener, Position, StateCenter, Unsubscribe } from '../../state/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { Asker, ChannelSource } from './contract.ts';
import { Batch, eventMessage, FeedEvent, siteKey } from './message.ts';
import { Starts, type Start } from './starts.ts';

/** Deliveries kept, so that those who are still reading their start get the ones that came meanwhile. */
const KEPT_EVENTS = 128;
/** A window ends early with this many. */
const MAX_MERGED = 64;
/** `auto`: below this many members nothing is merged; from here on the window grows to its maximum. */
const MERGE_FROM_MEMBERS = 200;
const MAX_AUTO_WINDOW_MS = 50;
const MEMBERS_PER_WINDOW_MS = 20;
/** Starts that came to nothing (the log moved on faster than it was read) before a member is sent away. */
const MAX_STARTS = 10;

/** Who listens, whatever the transport. None of these may throw. */
export interface FeedMember {
  /** Who they are as of now. */
  asker(): Asker;
  /** Reads compressed snapshots. */
  readonly inflates: boolean;
  /** Messages in order; their bytes are shared with every other member. */
  take(batch: Batch): void;
  /** There will be no more: why. */
  end(why: unknown): void;
}

interface Entry {
  member: FeedMember;
  group: Group;
  /** Up to here in the log the member has everything. */
  offset: number;
  isReady: boolean;
  isGone: boolean;
}

/** Ready members who came by one site, and so read the same bytes. */
interface Group {
  site: Site;
  key: string;
  entries: Set<Entry>;
}

export interface FeedDeps {
  /** Of the log. */
  name: string;
  /** As clients call it. */
  shownName: string;
  source: ChannelSource;
  state: StateCenter;
  mergeWindowMs: number | 'auto';
  now: () => number;
  /** An event that is this old was given to members just now; once, however many they are. */
  delivered?(ageMs: number): void;
}

/** How long the events of a channel are merged into one write. */
export function mergeWindow(setting: number | 'auto', members: number): number {
  if (setting !== 'auto') return setting;
  return members < MERGE_FROM_MEMBERS ? 0 : Math.min(MAX_AUTO_WINDOW_MS, Math.floor(members / MEMBERS_PER_WINDOW_MS));
}

/**
 * One channel on this node: a single subscription to the state center, handed on to members of every transport. Bytes
 * are made once for each site by which members came, whatever their number.
 */
export class ChannelFeed {
  readonly #deps: FeedDeps;
  readonly #starts: Starts;
  readonly #entries = new Set<Entry>();
  readonly #groups = new Map<string, Group>();
  /** Rejects when the state center cannot be reached; the feed is of no use then. */
  readonly subscribed: Promise<Unsubscribe>;
  /** The newest deliveries, oldest first. */
  #kept: FeedEvent[] = [];
  /** Deliveries so far, and how many of them members were given. */
  #sequence = 0;
  #flushed = 0;
  /** Counts the logs: `reset` begins another. */
  #generation = 0;
  #window: NodeJS.Timeout | undefined;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.#starts = new Starts(deps);
    const listener: Listener = {
      deliver: (delivery) => this.#deliver(delivery),
      reset: () => this.#reset(),
    };
    this.subscribed = deps.state.subscribe(deps.name, listener);
  }

  /** How long events wait for others as of now, ms. */
  get windowMs(): number {
    return mergeWindow(this.#deps.mergeWindowMs, this.#entries.size);
  }

  get members(): number {
    return this.#entries.size;
  }

  /** A member that is given nothing before `begin`, which sends a snapshot, or what was missed since `since`, and from then on every event. */
  join(member: FeedMember): { begin(since: Position | undefined): Promise<void>; leave(): void } {
    const entry: Entry = {
      member,
      group: this.#group(member.asker().caller.site),
      offset: 0,
      isReady: false,
      isGone: false,
    };
    this.#entries.add(entry);
    return {
      begin: async (since) => {
        await this.subscribed;
        await this.#begin(entry, since);
      },
      leave: () => {
        entry.isGone = true;
        this.#entries.delete(entry);
        this.#unready(entry);
      },
    };
  }

  /** When nobody is left. */
  async close(): Promise<void> {
    clearTimeout(this.#window);
    this.#starts.forgetAll();
    const unsubscribe = await this.subscribed;
    await unsubscribe();
  }

  #group(site: Site): Group {
    const key = siteKey(site);
    return this.#groups.get(key) ?? { site, key, entries: new Set() };
  }

  async #begin(entry: Entry, since: Position | undefined): Promise<void> {
    let from = since;
    for (let attempt = 0; attempt < MAX_STARTS; attempt++) {
      const generation = this.#generation;
      const start = await this.#starts.find(entry.member.asker(), {
        since: from,
        sequence: this.#sequence,
        oldestKept: this.#oldestKept(),
      });
      if (entry.member.inflates) await start.batch.messages[0]?.deflate();
      if (entry.isGone) return;
      if (generation !== this.#generation) from = undefined;
      else if (start.sequence >= this.#oldestKept()) {
        this.#makeReady(entry, start);
        return;
      } else if (start.position !== undefined) {
        // More came meanwhile than is kept: what is read is handed on, and the rest is read from there.
        entry.member.take(start.batch);
        from = start.position;
      }
    }
    throw new AppError('overloaded');
  }

  /** In one turn: the start, what came since it was read, and a place among those who get everything. */
  #makeReady(entry: Entry, { batch, position, sequence }: Start): void {
    this.#flush();
    entry.offset = position?.offset ?? 0;
    entry.isReady = true;
    entry.member.take(batch);
    const later = this.#kept.filter((event) => event.sequence > sequence);
    if (later.length > 0) this.#hand(entry, later);
    if (entry.isGone) return;
    entry.group = this.#groups.get(entry.group.key) ?? entry.group;
    this.#groups.set(entry.group.key, entry.group);
    entry.group.entries.add(entry);
  }

  #unready(entry: Entry): void {
    const { group } = entry;
    group.entries.delete(entry);
    if (group.entries.size === 0 && this.#groups.get(group.key) === group) this.#groups.delete(group.key);
  }

  /** Events with a sequence above this are all still there. */
  #oldestKept(): number {
    return this.#sequence - this.#kept.length;
  }

  #deliver(delivery: Delivery): void {
    this.#sequence++;
    this.#kept.push(new FeedEvent(this.#sequence, delivery));
    if (this.#kept.length > KEPT_EVENTS) this.#kept.shift();
    const { windowMs } = this;
    if (windowMs === 0 || this.#sequence - this.#flushed >= MAX_MERGED) this.#flush();
    else this.#window ??= setTimeout(() => this.#flush(), windowMs);
  }

  /** Gives every ready member what came since the last time: one Buffer for each site. */
  #flush(): void {
    clearTimeout(this.#window);
    this.#window = undefined;
    const count = this.#sequence - this.#flushed;
    if (count === 0) return;
    this.#flushed = this.#sequence;
    const events = this.#kept.slice(-count);
    const firstOffset = events.find(({ delivery }) => delivery.position !== undefined)?.delivery.position?.offset;
    const lastOffset = events.findLast(({ delivery }) => delivery.position !== undefined)?.delivery.position?.offset;
    for (const group of this.#groups.values()) {
      const batch = this.#batch(events, group);
      for (const entry of group.entries) {
        if (firstOffset !== undefined && lastOffset !== undefined) {
          if (firstOffset <= entry.offset) {
            this.#hand(entry, events);
            continue;
          }
          entry.offset = lastOffset;
        }
        entry.member.take(batch);
      }
    }
    this.#tellAge(events);
  }

  #tellAge(events: readonly FeedEvent[]): void {
    const { delivered, now } = this.#deps;
    if (delivered === undefined || this.#groups.size === 0) return;
    const nowMs = now();
    for (const { delivery } of events) delivered(nowMs - delivery.atMs);
  }

  /** To one member that has some of them already, from its start. */
  #hand(entry: Entry, events: readonly FeedEvent[]): void {
    const missing = events.filter(
      ({ delivery: { position } }) => position === undefined || position.offset > entry.offset,
    );
    if (missing.length === 0) return;
    entry.offset = missing.findLast(({ delivery }) => delivery.position)?.delivery.position?.offset ?? entry.offset;
    entry.member.take(this.#batch(missing, entry.group));
  }

  #batch(events: readonly FeedEvent[], { key, site }: Group): Batch {
    const { shownName: channel, source } = this.#deps;
    return new Batch(
      events.map((event) => event.shownTo(key, (delivery) => eventMessage(delivery, { channel, source, site }))),
    );
  }

  /** What members know is void: each gets a new snapshot. Those who are still reading their start begin again. */
  #reset(): void {
    clearTimeout(this.#window);
    this.#window = undefined;
    this.#generation++;
    this.#kept = [];
    this.#flushed = this.#sequence;
    this.#starts.forgetAll();
    for (const entry of this.#entries) {
      if (!entry.isReady) continue;
      entry.isReady = false;
      this.#unready(entry);
      this.#begin(entry, undefined).catch((error: unknown) => {
        if (!entry.isGone) entry.member.end(error);
      });
    }
  }
}
