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

/** What a subscriber is handed: a logged event with its place, or an ephemeral one without. */
export type Delivery = StateEvent & { position?: Position };

/** The log since a position: `recovered` says that `events` is exactly what was missed. */
export interface LogRead {
  recovered: boolean;
  /** Where the log is now. */
  position: Position;
  events: LoggedEvent[];
}

export type Unsubscribe = () => Promise<void>;

/**
 * The shared short-lived truth: an ordered event log per channel and ephemeral messages beside it.
 * Implemented in memory; a Redis one answers to the same suite (`contract.suite.ts`).
 */
export interface StateCenter {
  /** Appends to the channel's log and hands the event to its subscribers, in the order of offsets. */
  publish(channel: string, event: string, data: unknown): Promise<Position>;
  /** To those who listen now; leaves no trace. */
  publishEphemeral(channel: string, event: string, data: unknown): Promise<void>;
  position(channel: string): Promise<Position>;
  /** Events after `since`; `recovered` is false when the epoch is another or the history no longer reaches back. */
  read(channel: string, since: Position): Promise<LogRead>;
  /** Once it resolves, no later event is missed. A listener must not throw. */
  subscribe(channel: string, listener: (delivery: Delivery) => void): Promise<Unsubscribe>;
  close(): Promise<void>;
}
