/** A place in a channel's log. Offsets of another epoch say nothing: the log was begun anew. */
export interface Position {
  epoch: string;
  offset: number;
}

/** What happened, as plain JSON data. */
export interface StateEvent {
  event: string;
  data: unknown;
  /** ms since the epoch. */
  atMs: number;
}

export interface LoggedEvent extends StateEvent {
  offset: number;
}

/** An event to append; a second one with the same `id` within the channel's history is not appended again. */
export interface NewEvent {
  id: string;
  event: string;
  data: unknown;
  /** Left out, now. */
  atMs?: number;
}

/** What a subscriber is handed: a logged event with its place, or an ephemeral one without. */
export type Delivery = StateEvent & { position?: Position };

/** The log since a position: `recovered` says that `events` is exactly what was missed. */
export interface LogRead {
  recovered: boolean;
  /** Where the log is now. */
  position: Position;
  events: LoggedEvent[];
}

/** Neither method may throw. */
export interface Listener {
  /** Logged events come in the order of their offsets, none missing, none twice. */
  deliver(delivery: Delivery): void;
  /** The log was begun anew, or more was missed than is kept: what the listener knows is void, it takes a new snapshot. */
  reset(): void;
}

export type Unsubscribe = () => Promise<void>;

/** How many distinct members a group has, over all nodes, and the most it ever had since it was last empty for an hour. */
export interface GroupCount {
  count: number;
  peak: number;
}

/** A name that this node holds alone, renewed until it is released or the node dies. */
export interface Lease {
  readonly name: string;
  /**
   * False for good when another node took it, and for as long as it could not be renewed in time: while the store is
   * away longer than a lease lasts, nobody can know whether it is held alone. True again when it was taken again.
   */
  readonly isHeld: boolean;
  release(): Promise<void>;
}

/** How fast something may go over all nodes together. Both above 0; they may differ from one call to the next. */
export interface Bucket {
  burst: number;
  perSecond: number;
}

export interface StateHealth {
  ok: boolean;
  /** Since when `ok` is what it is, ms since the epoch. */
  sinceMs: number;
}

/** The state center cannot be reached; what it was asked to change is not changed. */
export class StateUnavailableError extends Error {
  readonly code = 'state_unavailable';

  constructor(options?: ErrorOptions) {
    super('the state center cannot be reached', options);
    this.name = 'StateUnavailableError';
  }
}

/**
 * The shared short-lived truth of all nodes. Implemented by `memory.ts` (one process) and `redis/` (many); both answer
 * to `contract.suite.ts`. While the store behind it is away, what changes throws `StateUnavailableError` at once, and
 * what reads answers the last known (`position`, `read` and `counts` of what this node listens to or holds) or throws
 * it; subscriptions go on by themselves when it is back, with nothing lost or doubled.
 */
export interface StateCenter {
  /** This process, among all that share the state. */
  readonly nodeId: string;

  /** Appends to the channel's log and hands the event to its subscribers on every node. Idempotent by `event.id`. */
  append(channel: string, event: NewEvent): Promise<Position>;
  /** To those who listen now, on every node; leaves no trace. */
  publishEphemeral(channel: string, event: string, data: unknown): Promise<void>;
  position(channel: string): Promise<Position>;
  /** Events after `since`; `recovered` is false when the epoch is another or the history no longer reaches back. */
  read(channel: string, since: Position): Promise<LogRead>;
  /** Once it resolves, no later event is missed. */
  subscribe(channel: string, listener: Listener): Promise<Unsubscribe>;

  /**
   * This node vouches for `member` in `group` until `leave`, or until the node dies (its members are gone within 15 s).
   * False when `limit` (0 is none) other members are there already. Entering twice is entering once.
   */
  enter(group: string, member: string, limit?: number): Promise<boolean>;
  /** Never refused: while the store is away it is remembered. */
  leave(group: string, member: string): Promise<void>;
  /** While the store is away, groups whose count is not known are left out; when that is all of them, it throws. */
  counts(groups: readonly string[]): Promise<Map<string, GroupCount>>;
  /** At most `limit`, in no order. */
  members(group: string, limit: number): Promise<string[]>;

  /** Takes `name` for this node with a `value` that others may read; undefined while another living node holds it. */
  lease(name: string, value?: string): Promise<Lease | undefined>;
  /** The value under which each name is held by a living node; names that nobody holds are left out. */
  holders(names: readonly string[]): Promise<Map<string, { nodeId: string; value: string }>>;

  /** Adds to a counter that ends `ttlMs` after its last change; answers its new value. `by` 0 reads. */
  count(name: string, by: number, ttlMs: number): Promise<number>;
  clearCount(name: string): Promise<void>;
  /**
   * Up to `want` tokens out of a bucket that holds `burst` and gains `perSecond`; answers how many there were. A bucket
   * is full when it is first asked, and costs nothing once it is full again.
   */
  take(name: string, bucket: Bucket, want?: number): Promise<number>;

  health(): StateHealth;
  /** Called with every change of health. */
  onHealth(listener: (health: StateHealth) => void): void;
  /** Called on every node when another one was found dead and its members and leases were dropped. */
  onNodeLost(listener: (lost: { nodeId: string; groups: readonly string[] }) => void): void;
  /** Gives up this node's members and leases, and ends. Idempotent. */
  close(): Promise<void>;
}
