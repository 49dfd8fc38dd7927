import type { BackoffOptions } from '../backoff.ts';
import type { KaiboError } from '../errors.ts';
import type { Peer, Relayed } from './messages.ts';

export interface SignalingOptions {
  /** `ws://HOST:8088/signaling`. */
  url: string;
  roomId: string;
  /** An access token, or how to get one that is good for now. Viewers of public rooms may do without. */
  token?: string | (() => Promise<string | undefined>);
  /** Called when the token ran out, before the next attempt. */
  renew?: () => Promise<unknown>;
  /** A play token or owner token, for private rooms. */
  playToken?: string;
  /** A viewer id, so that somebody without account is counted once. */
  vid?: string;
  /** Shown to the others. */
  name?: string;
  WebSocket?: typeof globalThis.WebSocket;
  backoff?: BackoffOptions;
  /** Silence after which the server is asked whether it is there. */
  pingIntervalMs?: number;
  /** No word for this long after a ping, or to a join, means the connection is dead. */
  pongTimeoutMs?: number;
}

/** `stopped`: the server refused us (full, private, banned, logged out); `connect` tries again. */
export type SignalingStatus = 'idle' | 'connecting' | 'joined' | 'stopped' | 'closed';

export interface SignalingEvents {
  status: SignalingStatus;
  /** Our place, also after a reconnect: `resumed` tells that it is the same one as before. */
  joined: { peers: readonly Peer[]; viewerCount: number; resumed: boolean };
  peerJoined: Peer;
  peerLeft: Peer;
  offer: Relayed<RTCSessionDescriptionInit>;
  answer: Relayed<RTCSessionDescriptionInit>;
  candidate: Relayed<RTCIceCandidateInit | null>;
  /** The media server ended what we published or played there; our place stays. `reason` is its word. */
  mediaClosed: { intent: 'publish' | 'play'; reason: string; error: KaiboError };
  /** A message of ours was refused, or we were. */
  error: KaiboError;
}
