/** A place in a channel's log. Offsets rise by one within an epoch; another epoch is another log. */
export interface Position {
  epoch: string;
  offset: number;
}

export interface ChannelSnapshot<T = unknown> {
  kind: 'snapshot';
  channel: string;
  data: T;
}

export interface ChannelEvent<T = unknown> {
  kind: 'event';
  channel: string;
  /** Absent in channels that are not logged. */
  offset: number | undefined;
  event: string;
  data: T;
  /** ms since the epoch, the server's clock. */
  at: number;
}

/** A snapshot replaces all that the listener knew of the channel; an event changes it. */
export type ChannelMessage = ChannelSnapshot | ChannelEvent;
export type ChannelListener = (message: ChannelMessage) => void;

export type ServerMessage =
  | { type: 'snapshot'; channel: string; epoch: string; offset: number; recovered: boolean; data?: unknown }
  | { type: 'event'; channel: string; offset?: number; event: string; data: unknown; at: number }
  | { type: 'ack'; id: string; data?: unknown }
  | { type: 'error'; id?: string; code: string; error: string; channel?: string; retryAfter?: number }
  | { type: 'reconnect'; withinMs: number }
  | { type: 'pong'; id?: string };

const MAX_MESSAGE_CHARS = 4 * 1024 * 1024;

/** The message in a text frame, or null when it is not one that this client knows. */
export function parseServerMessage(text: unknown): ServerMessage | null {
  if (typeof text !== 'string' || text.length > MAX_MESSAGE_CHARS) return null;
  try {
    return readServerMessage(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The same of a value that was parsed with others. */
export function readServerMessage(value: unknown): ServerMessage | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  switch (fields.type) {
    case 'snapshot':
      return typeof fields.channel === 'string' ? (value as ServerMessage) : null;
    case 'event':
      return typeof fields.channel === 'string' && typeof fields.event === 'string' ? (value as ServerMessage) : null;
    case 'reconnect':
      return typeof fields.withinMs === 'number' && fields.withinMs >= 0 ? (value as ServerMessage) : null;
    case 'ack':
    case 'error':
    case 'pong':
      return value as ServerMessage;
    default:
      return null;
  }
}
