import type { MessagePort } from 'node:worker_threads';
import type { AudioInfo, VideoInfo } from '@kaibo/formats';
import type { Denial, MediaClient, PublicMediaClient } from '../hooks/contract.ts';
import type { StreamFinding } from '../doctor/finding.ts';
import type { EndReason } from '../hub/subscriber.ts';
import type { HlsCall, HlsNotice, HlsOrder, HlsSeed } from '../hls/messages.ts';
import type { StreamKey } from '../hub/stream.ts';
import type { MediaOptions } from '../options.ts';
import type { RtcCall } from '../rtc/contract.ts';
import type { PullOrder } from '../relay/pull.ts';
import type { PushStatus } from '../relay/push-status.ts';
import type { PushOrder } from '../relay/pushes.ts';
import type { RecordingEndReason, RecordNews, RecordOrder, RoomRequest } from '../record/contract.ts';
import type { Poster } from '../snapshot/poster-queue.ts';
import type { Certificate } from '../tls.ts';
import type { RenditionOrder } from '../transcode/ladder/ladders.ts';
import type { ThreadFigures } from './thread-meter.ts';
import type { RenditionEnd } from '../transcode/ladder/source-ladder.ts';

/** Given to a worker thread when it starts. Ports are resolved; `connections` is shared by all workers. */
export interface WorkerSeed {
  workerId: number;
  options: MediaOptions;
  /** Whether RTMP connections are asked for (`authorizeConnect`). */
  asksConnect: boolean;
  /** PEM texts, read once by the main thread. */
  tls?: Certificate;
  connections: SharedArrayBuffer;
  hls: HlsSeed;
  /** Folder of Node's compile cache, when the launcher turned it on. */
  compileCache?: string;
}

/** Worker → main, answered. */
export type WorkerRequest =
  | ClientRequest
  | RoomQuestion
  | { type: 'rtc'; call: Exclude<RtcCall, { call: 'abandon' }> }
  | HlsQuestion;

/** Of HLS viewers, who have no connection. */
export type HlsQuestion = { type: 'hls' } & HlsCall;

/** A recording is about to end for want of room. */
export interface RoomQuestion extends Pick<RoomRequest, 'id' | 'reason' | 'freeBytes' | 'sizeBytes'> {
  type: 'room';
}

export interface ClientRequest {
  /** `relay`: this server itself publishes what it fetches, from another node too; the hooks are not asked. */
  type: 'connect' | 'publish' | 'relay' | 'play' | 'probe';
  client: MediaClient;
}

export type PublishReply =
  | Denial
  | {
      action: 'publish';
      key: StreamKey;
      epoch: number;
      /** A browser publishes: its Opus gets AAC beside it. */
      bridged: boolean;
      /** Set when this worker takes a stream over from a dead owner: its time goes on after this. */
      resumeAfterMs?: number;
      /** Set when another worker owns the stream: packets go there. */
      port?: HopEnd;
    };

export type ConnectReply = Denial | { action: 'connect' };

export type PlayReply = Denial | { action: 'play'; key: StreamKey };
export type ProbeReply = Denial | { action: 'probe'; publishing: boolean };

/** One stream as one worker sees it. The owner's report is the stream's truth; the others add what they sent. */
export interface StreamReport {
  key: StreamKey;
  owner: boolean;
  viewers: number;
  sentBytes: number;
  recvBytes: number;
  recvBps: number;
  frames: number;
  fps: number;
  lastPacketAtMs: number;
  lastDtsMs: number;
  /** Codes of what the streamer should know of. */
  notices: string[];
  /** The owner's: how the stream arrives. */
  findings?: StreamFinding[];
  /** The owner's: between the last two key frames, where a doctor looks. */
  keyIntervalMs?: number;
  video?: VideoInfo;
  audio?: AudioInfo;
}

/** Worker → main, unanswered. */
export type WorkerNotice =
  | { type: 'ready' }
  | { type: 'unpublish'; key: StreamKey; epoch: number; clientId: string; reason: EndReason; lastDtsMs?: number }
  | { type: 'stop'; clientId: string; reason: EndReason }
  | { type: 'closed'; client: PublicMediaClient; sendBytes: number; recvBytes: number }
  | { type: 'stats'; atMs: number; streams: StreamReport[]; thread: ThreadFigures }
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; fields: object; message: string }
  /** How a push goes. */
  | { type: 'push'; id: string; status: PushStatus }
  /** A stream that was ordered to be fetched once does not come any more. */
  | { type: 'pull-over'; key: StreamKey }
  /** How a recording goes. */
  | { type: 'record'; id: string; news: RecordNews }
  /** A picture of a stream that this worker owns. */
  | { type: 'poster'; poster: Poster }
  /** A rendition is not made (any more). */
  | { type: 'rendition'; key: StreamKey; end: RenditionEnd }
  /** Who asked for a WebRTC session has gone before the answer. */
  | { type: 'rtc-abandon'; clientId: string }
  | ({ type: 'hls' } & HlsNotice)
  | { type: 'drained' };

/** Main → worker, answered: bytes sent and received by each of the worker's clients. */
export type MainRequest = { type: 'traffic' };
export type TrafficReply = { clientId: string; sendBytes: number; recvBytes: number }[];

/** Main → worker, unanswered. */
export type MainNotice =
  | { type: 'kick'; clientId: string; reason: EndReason }
  /** The certificate was renewed: new connections get it. */
  | { type: 'tls'; certificate: Certificate }
  | { type: 'end'; key: StreamKey; reason: EndReason }
  /** This worker owns the stream: copy its packets into `port`. */
  | { type: 'mirror-out'; key: StreamKey; port: HopEnd }
  /** Another worker owns it: packets come from `port`. */
  | { type: 'mirror-in'; key: StreamKey; port: HopEnd }
  | { type: 'mirror-drop'; key: StreamKey }
  /** This worker owns it; a publisher on another worker sends its packets through `port`. */
  | { type: 'ingest-in'; key: StreamKey; port: HopEnd; bridged: boolean; resumeAfterMs?: number }
  /** This worker owns the stream: send it on to another server. */
  | { type: 'push-start'; order: PushOrder }
  | { type: 'push-stop'; id: string }
  /** Fetch a stream from another server and publish it. */
  | { type: 'pull-start'; order: PullOrder }
  | { type: 'pull-stop'; key: StreamKey }
  /** This worker owns the source: make a rendition of it, until its stream ends. */
  | { type: 'rendition'; order: RenditionOrder }
  /** This worker owns the stream: write it to files. */
  | { type: 'record-start'; order: RecordOrder }
  | { type: 'record-stop'; id: string; reason: RecordingEndReason }
  | ({ type: 'hls' } & HlsOrder)
  | { type: 'refuse' }
  | { type: 'stop' };

/** How a member opens its end of a hop: a port to the other thread, or where the RTC process listens. */
export type HopEnd = MessagePort | HopAddress;

export interface HopAddress {
  /** Of a local socket (a named pipe on Windows). */
  path: string;
  /** Which hop it is: a secret, said first. */
  ticket: string;
}

/** Backwards on a thread's port: this many more bytes have been taken. */
export interface HopReceipt {
  taken: number;
}

/** On a hop: FLV tags in one chunk, or a change of state. Backwards on a mirror's: whether its viewers take AAC. */
export type HopMessage =
  | { type: 'demand'; aac: boolean }
  | { type: 'published'; bridged: boolean }
  | { type: 'tags'; bytes: Uint8Array }
  | { type: 'interrupted' }
  | { type: 'ended'; reason: EndReason };
