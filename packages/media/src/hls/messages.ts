import type { MessagePort } from 'node:worker_threads';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import type { StreamKey } from '../hub/stream.ts';
import type { WindowChange, WindowOrigin } from './window.ts';

/** HLS viewers have no connection of their own: to the directory they are clients of this member, the session book. */
export const HLS_MEMBER = -2;

/** Given to a worker when it starts. */
export interface HlsSeed {
  /** Signs sessions: random, of this process. */
  secret: Uint8Array;
  /** KiB of segments, a column a worker. */
  memory: SharedArrayBuffer;
  /** Somebody wants to be told of every segment. */
  tellsSegments: boolean;
}

/** Worker → main, answered. */
export type HlsCall =
  /** Authorizes; makes a session of that client id, unless viewers are not counted or it is there already. */
  | { call: 'open'; client: MediaClient }
  /** Which worker packages the stream; waits for somebody to publish it. `wants`: a rendition is to be made for it. */
  | { call: 'find'; key: StreamKey; waitMs: number; wants: boolean };

export type HlsOpened =
  | Denial
  | {
      action: 'opened';
      /** Not everybody may play: segments need the session too. */
      restricted: boolean;
    };

export type HlsFound =
  | Denial
  | { action: 'none' }
  /** The worker that asks. */
  | { action: 'own'; restricted: boolean }
  /** Another one, which sends its window here. */
  | { action: 'replica'; restricted: boolean; port: MessagePort };

/** Worker → main, unanswered. */
export type HlsNotice =
  /** Sessions that were heard of, with the bytes they were sent since. */
  | { notice: 'touched'; streams: TouchedStream[] }
  /** Whoever opened it went before the answer. */
  | { notice: 'left'; sessionId: string }
  | { notice: 'segment'; key: StreamKey; segment: SegmentNotice };

export interface TouchedStream {
  key: StreamKey;
  /** Silence is measured in target durations. */
  targetDurationS: number;
  sessions: [sessionId: string, sentBytes: number][];
}

export interface SegmentNotice {
  msn: number;
  durationMs: number;
  /** File name. */
  uri: string;
}

/** Main → worker, unanswered. */
export type HlsOrder =
  /** This worker owns the stream: send its window through the port. */
  | { what: 'replicate'; key: StreamKey; port: MessagePort }
  /** Not (any more) sessions; asking again may make them some. */
  | { what: 'unknown'; sessionIds: string[] }
  | { what: 'kicked'; sessionIds: string[] }
  | { what: 'rights'; key: StreamKey; restricted: boolean };

/** Owner → replica, over their port. Its closing is the end. */
export type ReplicaMessage =
  | { type: 'window'; origin: WindowOrigin; changes: readonly WindowChange[] }
  | { type: 'changes'; changes: readonly WindowChange[] };
