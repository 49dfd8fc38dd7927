import type { KaiboError } from '../errors.ts';
import type { Channel } from './channel.ts';
import type { ServerMessage } from './messages.ts';

/** The ways events come, the best first. */
export const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

/** Why a connection is over. */
export interface Loss {
  /** The socket's close code, 0 where there is none. */
  code: number;
  /** It had been open. */
  wasOpen: boolean;
  error?: KaiboError;
}

/** What a transport tells its client. After `lost` it says no more. */
export interface TransportEvents {
  opened(): void;
  message(message: ServerMessage): void;
  lost(loss: Loss): void;
}

/** One connection of one kind. A lost one is thrown away and another is made. */
export interface Transport {
  readonly kind: TransportKind;
  /** Once, before all else. `channels` is the client's own list and stays current. */
  open(channels: ReadonlyMap<string, Channel>): void;
  /** A channel came, or asks again from its position. */
  subscribe(channel: Channel): void;
  unsubscribe(name: string): void;
  /** False when it cannot be sent: not open, or not by this transport. */
  send(message: object): boolean;
  /** Proves another token without a new connection; false when this transport needs a new one. */
  authenticate(token: string): boolean;
  /** Idempotent; says nothing afterwards. */
  close(code: number): void;
}

/** Close codes of the platform's sockets. */
export const CLOSE = {
  normal: 1000,
  /** Ours: the server fell silent. */
  silent: 3000,
  /** Ours: somebody else is logged in now. */
  identity: 3001,
  /** The token ran out: renew it and come back. */
  expired: 4001,
  /** Logged out, banned or kicked: do not come back by yourself. */
  revoked: 4003,
  /** We read too slowly: resume. */
  slow: 4008,
  /** Another connection took our place in a room (signaling). */
  replaced: 4009,
} as const;
