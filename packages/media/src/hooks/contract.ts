import type { StreamFinding } from '../doctor/finding.ts';
import type { RecordedPart, RecordingEndReason, RoomReply, RoomRequest } from '../record/contract.ts';

/**
 * Who speaks on a media connection, as SRS's HTTP callbacks describe it. `relay`: this server itself, fetching from another;
 * `node`: the same from another node of its platform; `transcode`: itself, with a rendition.
 */
export type MediaProtocol =
  | 'rtmp'
  | 'rtmps'
  | 'http-flv'
  | 'ws-flv'
  | 'hls'
  | 'webrtc'
  | 'relay'
  | 'node'
  | 'transcode';

export interface MediaClient {
  /** Random, unique in this server's life; what `kick` takes. */
  clientId: string;
  protocol: MediaProtocol;
  /** The peer's IP address without port. */
  address: string;
  vhost: string;
  app: string;
  stream: string;
  /** The query of the stream name with its `?`, or ''. May hold secrets: only authorizing hooks see it. */
  param: string;
  tcUrl: string;
  pageUrl: string;
}

/** A refusal before any media: `status` is the HTTP one, RTMP gets `code` and `message` in its onStatus. */
export interface Denial {
  action: 'deny';
  status: 400 | 401 | 403 | 404 | 406 | 409 | 503;
  /** Stable, snake_case. */
  code: string;
  /** A sentence for a person. */
  message: string;
}

export type PublishVerdict =
  /** `credential` names the right that was used (never the secret itself): an equal one may take over a silent publisher. */
  { action: 'publish'; credential: string } | Denial;

export type PlayVerdict = PlayGrant | Denial;

export interface PlayGrant {
  action: 'play';
  /** The person's id when the request proved one, so that one person is counted once. */
  viewer?: string;
  /** Not everybody may play it, so that whoever has an address of HLS must not be able to pass it on. */
  restricted?: boolean;
  /**
   * Another node of the platform, for viewers of its own. It is no viewer, and is let go when the publisher drops, so that
   * it knows at once.
   */
  passesOn?: boolean;
}

/** Where a stream is that nobody publishes here. `url` may hold a secret; `none`: nobody publishes it now. */
export type StreamOrigin = { url: string } | 'none' | 'ended';

/** What happened, told once each and in order per stream. Holds no `param`. */
export type MediaEvent =
  /** A publisher is current: bytes from it are the stream now. `resumed`: after an interruption or take-over. */
  | { type: 'published'; app: string; stream: string; client: PublicMediaClient; resumed: boolean; atMs: number }
  /** The publisher went; the stream waits `graceMs` for its return. */
  | { type: 'interrupted'; app: string; stream: string; client: PublicMediaClient; reason: string; atMs: number }
  /** The grace ran out, or the platform ended it. Its viewers are told and closed. */
  | { type: 'ended'; app: string; stream: string; reason: string; atMs: number }
  /** A viewer was let in (it may still be waiting for a publisher). */
  | { type: 'playing'; app: string; stream: string; client: PublicMediaClient; viewer: string; atMs: number }
  | {
      type: 'stopped';
      app: string;
      stream: string;
      client: PublicMediaClient;
      viewer: string;
      reason: string;
      atMs: number;
    }
  /** There is the first picture of a broadcast. */
  | { type: 'poster'; app: string; stream: string; atMs: number }
  /** What a stream can be played as beside itself is another than before. Not told when the publisher goes. */
  | { type: 'renditions'; app: string; stream: string; atMs: number }
  /** What its publisher should know of has changed; this is all of it now. Not told when the publisher goes. */
  | { type: 'findings'; app: string; stream: string; findings: StreamFinding[]; atMs: number }
  /** A recording has its first file. */
  | { type: 'recording_started'; app: string; stream: string; id: string; folder: string; atMs: number }
  /** A file of it was closed, or was found whole after its writer died. `client`: who publishes, or did last. */
  | {
      type: 'recording_part';
      app: string;
      stream: string;
      id: string;
      folder: string;
      part: RecordedPart;
      client: PublicMediaClient | undefined;
      atMs: number;
    }
  /** Nothing more comes of it. A reason that nobody ordered is one for an alarm; the stream itself goes on. */
  | {
      type: 'recording_ended';
      app: string;
      stream: string;
      id: string;
      folder: string;
      reason: RecordingEndReason;
      atMs: number;
    };

/** A segment of HLS that is complete. */
export interface HlsSegmentMade {
  client: PublicMediaClient;
  durationMs: number;
  /** Media sequence number. */
  msn: number;
  /** Paths on the media server's HTTP port, without the first `/`. */
  url: string;
  playlistUrl: string;
}

/** An RTMP connection that `authorizeConnect` let in has ended. */
export interface ConnectionClosed {
  client: PublicMediaClient;
  sendBytes: number;
  recvBytes: number;
}

export type PublicMediaClient = Omit<MediaClient, 'param'>;

/**
 * What the media server asks and tells. In one process a plain object (the platform's embedded engine);
 * stand-alone, HTTP callbacks in SRS's shape (`http-hooks.ts`).
 */
export interface MediaHooks {
  /** Asked before a publish is answered. A rejection (throw) or a time-out refuses the publish with 503. */
  authorizePublish(client: MediaClient): Promise<PublishVerdict>;
  /**
   * Asked before a play is answered. `play` on a stream nobody publishes waits up to `limits.playWaitMs`, then 404.
   */
  authorizePlay(client: MediaClient): Promise<PlayVerdict>;
  /**
   * Asked, when present, for each stream that somebody here wants and nobody publishes here: again and again until there is
   * an origin, the stream is `ended`, or nobody wants it any more. What is fetched so is told of by nothing but its viewers.
   */
  findOrigin?(stream: { app: string; stream: string }): Promise<StreamOrigin>;
  /** Asked once for each RTMP connection, when present; `stream` is '' and `param` what came with app or tcUrl. */
  authorizeConnect?(client: MediaClient): Promise<Denial | undefined>;
  /** Told of each segment of HLS, when present. */
  notifySegment?(segment: HlsSegmentMade): void;
  /** Told once for each connection that was let in. */
  notifyClosed?(closed: ConnectionClosed): void;
  /**
   * Asked, when present, before a recording ends for want of room: the answer comes when older ones are deleted, or
   * nothing can be. It is waited for 10 s, and the recording goes on meanwhile, as long as it can.
   */
  makeRoom?(request: RoomRequest): Promise<RoomReply | undefined>;
  /** Told after the fact; must not throw and must not block. */
  notify(event: MediaEvent): void;
}
