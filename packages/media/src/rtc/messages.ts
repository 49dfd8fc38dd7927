import type { ThreadFigures } from '../cluster/thread-meter.ts';
import type { HopEnd, MainNotice, StreamReport, WorkerNotice } from '../cluster/messages.ts';
import type { EndReason } from '../hub/subscriber.ts';
import type { StreamKey } from '../hub/stream.ts';
import type { MediaOptions } from '../options.ts';

/** Given to the RTC process when it starts, as its first argument. */
export interface RtcSeed {
  options: MediaOptions;
  /** Where workers connect to, for media. */
  socketPath: string;
  /** Resolved; the process binds it when the first peer comes. */
  udpPort: number;
  ffmpeg: string | undefined;
}

export type RtcIntent = 'publish' | 'play';

/** Main → RTC process, answered. */
export type RtcRequest =
  | {
      type: 'open';
      clientId: string;
      intent: RtcIntent;
      key: StreamKey;
      sdp: string;
      /** `candidate:…` lines for the answer. */
      candidates: string[];
    }
  | { type: 'traffic' };

export type RtcOpened = { action: 'answer'; sdp: string } | RtcRefusal;

export interface RtcRefusal {
  action: 'deny';
  status: 400 | 404 | 406 | 503;
  code: string;
  message: string;
}

/** Main → RTC process, unanswered: what members of the cluster are told, and what belongs to one peer. */
export type RtcNotice =
  | Extract<MainNotice, { type: 'kick' | 'end' | 'mirror-in' | 'mirror-drop' | 'stop' }>
  /** The publisher is the stream's current one: its packets go through this hop. */
  | { type: 'feed'; clientId: string; port: HopEnd }
  | { type: 'candidate'; clientId: string; candidate: string }
  /** Its session was ended by the peer or by whoever asked for it. */
  | { type: 'close'; clientId: string };

/** RTC process → main, unanswered. */
export type RtcTold =
  | { type: 'ready' }
  | { type: 'connected'; clientId: string }
  | { type: 'gone'; clientId: string; reason: EndReason }
  /** `publishers`: how far they are, of those of whom it is known. */
  | {
      type: 'stats';
      atMs: number;
      streams: StreamReport[];
      thread: ThreadFigures;
      publishers: { key: StreamKey; clientId: string; rttMs: number }[];
    }
  | Extract<WorkerNotice, { type: 'log' }>
  | { type: 'drained' };
