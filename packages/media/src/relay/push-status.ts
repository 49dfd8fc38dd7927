import type { RtmpClientErrorCode } from '../rtmp/client-error.ts';

export type PushState =
  /** There is nothing to push: nobody publishes at this moment. */
  | 'idle'
  | 'connecting'
  | 'pushing'
  /** Between attempts, after a failure that mends itself: a network, a restart. */
  | 'waiting'
  /** Somebody has to look: refused key, URL or address. Tried again, but rarely. */
  | 'failed';

export type PushErrorCode =
  | RtmpClientErrorCode
  /** The target took media too slowly for too long. */
  | 'too_slow';

/** How a push to one target goes. Holds neither its URL nor its key. */
export interface PushStatus {
  state: PushState;
  /** When it became this, ms since the epoch. */
  sinceMs: number;
  /** Media that the target took, over all its connections. */
  sentBytes: number;
  /** Of the last second. */
  bitrateBps: number;
  /** Connections that failed since one last held. */
  attempts: number;
  /** Of the last connection that failed, until one holds. */
  lastError?: { code: PushErrorCode; message: string };
}
