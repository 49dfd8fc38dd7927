import type { Registry } from 'prom-client';
import type { EngineImporter } from './importer.ts';
import type { EngineRtcHttp } from './rtc-http.ts';

export type { EngineRtcHttp, RtcHttpReply } from './rtc-http.ts';
export { VideoImportError, type EngineImporter, type ImportedVideo, type VideoImportProblem } from './importer.ts';

/**
 * The port to whoever carries the media. Implemented by `embedded/` (@kaibo/media in this process) and `srs/` (an SRS
 * server or cluster, over its HTTP API and hooks), so everything that crosses a machine there is async here.
 */
export interface MediaEngine {
  readonly capabilities: EngineCapabilities;
  /**
   * Opens the ports; `handler` is asked and told from then on.
   * @throws EnginePortError when a port is in use.
   */
  start(handler: EngineHandler): Promise<void>;
  /** Refuses new connections; what runs goes on. */
  prepareStop(): void;
  /** Tells publishers and viewers, then closes everything. Idempotent. */
  stop(): Promise<void>;
  /** The certificate's files changed: new connections get the new one. */
  reloadTls?(): Promise<void>;
  health(): EngineHealth;
  /** Where a stream is played; only what `capabilities` says. Valid after `start`. */
  playUrls(target: UrlTarget): PlayUrls;
  publishUrls(target: UrlTarget): PublishUrls;
  /** Origins a page must be allowed to connect to, such as `ws://HOST:8080`. */
  connectOrigins(site: Site): string[];
  /** The ports that addresses are made of, where other nodes make addresses for this one. Valid after `start`. */
  ports?(): UrlPorts | undefined;
  /** Where its HTTP side can be reached from this process, when it is on this machine. */
  httpTarget?(): { host: string; port: number } | undefined;
  /** Lines for the start banner: what listens where. */
  addresses(host: string): string[];
  /** Those that are published here. */
  streams(): Promise<EngineStream[]>;
  /** Those that another node has and that are shown to viewers here. */
  passedOn?(): Promise<EngineStream[]>;
  /**
   * Whether one with this credential may publish on another node: nobody does here, or a silent one with the same
   * credential, which goes.
   */
  yieldStream?(stream: StreamName, credential: string): Promise<boolean>;
  /** Ends at once: publisher kicked, viewers told and closed. False when there is no such stream. */
  endStream(stream: StreamName): Promise<boolean>;
  /** The stream becomes interrupted, its grace runs. */
  kickPublisher(stream: StreamName): Promise<boolean>;
  kickClient(clientId: string): Promise<boolean>;
  /** WebRTC whose messages the platform carries; WHIP and WHEP clients speak with the engine themselves. */
  readonly rtc?: RtcSignaling;
  /** WHIP and WHEP of an engine that the platform speaks for; left out, requests under `/rtc/` go to `httpTarget`. */
  readonly rtcHttp?: EngineRtcHttp;
  readonly relay?: EngineRelay;
  /** The last picture of a stream that this process carries, from memory; undefined while there is none. */
  poster?(stream: StreamName): EnginePoster | undefined;
  /** What a stream can be played as beside itself, while it is published here; addresses by `playUrls` of its own name. */
  renditions?(stream: StreamName): readonly EngineRendition[];
  readonly recorder?: EngineRecorder;
  readonly importer?: EngineImporter;
  /** STUN and TURN servers for one user's browser; the credentials may be theirs alone and for a time: never logged. */
  iceServers?(user: string): IceServer[];
  /** Of an engine that asks and tells by HTTP. */
  readonly callbacks?: EngineCallbacks;
  /** Of an engine that all nodes share: whether this one reports what it carries. Left out, it does. */
  readonly isOnDuty?: boolean;
  /** `APP/STREAM` of all that somebody publishes, on any node; undefined while that cannot be known. Of a shared engine. */
  published?(): ReadonlySet<string> | undefined;
  measure?(registry: Registry): void;
}

/** HTTP callbacks of an engine in another process. What it answers is the engine's code: 0 is yes. */
export interface EngineCallbacks {
  /** Whether the secret of the address is the right one, in constant time. */
  knows(secret: string): boolean;
  hook(body: unknown): Promise<number>;
  heartbeat(body: unknown): Promise<number>;
}

export interface EnginePoster {
  jpeg: Buffer;
  /** When it was so, ms since the epoch. */
  atMs: number;
}

/** Streams sent on to RTMP servers elsewhere; a push ends with its stream. */
export interface EngineRelay {
  /**
   * `url` is `rtmp(s)://…` with its key: told to nobody. One with the same id is replaced. False when nobody has published
   * the stream here, or there are too many.
   */
  startPush(stream: StreamName, push: { id: string; url: string }): Promise<boolean>;
  /** False when there is none. */
  stopPush(id: string): Promise<boolean>;
  pushes(): Promise<EnginePush[]>;
}

export interface EnginePush extends StreamName {
  id: string;
  /** `waiting` mends itself, `failed` needs somebody to look; both are tried again. */
  state: 'idle' | 'connecting' | 'pushing' | 'waiting' | 'failed';
  /** When it became this, ms since the epoch. */
  sinceMs: number;
  sentBytes: number;
  bitrateBps: number;
  /** Connections that failed since one last held. */
  attempts: number;
  /** `code` is stable. Without secrets. */
  lastError?: { code: string; message: string };
}

/** Broadcasts written to files on this machine, and what can be done with these files. A recording ends with its stream. */
export interface EngineRecorder {
  /**
   * Begins with the next key frame, in a folder of its own, which is made. False when nobody has published the stream
   * here, or it cannot be written.
   */
  start(stream: StreamName, recording: { id: string; folder: string }): Promise<boolean>;
  /** The last file is closed soon after; until then it is listed. False when there is none. */
  stop(id: string): Promise<boolean>;
  /** Those that are being written. */
  list(): Promise<EngineRecording[]>;
  /** What the folder of a recording that is over holds, after a crash too: a file that broke off is cut to what is whole of it. */
  recover(folder: string): Promise<RecordedPart[]>;
  /** Reads a closed file once, for where it can be cut. @throws RecordedFileError when it is no such file. */
  index(file: string): Promise<RecordedIndex>;
  /** An HLS playlist of byte ranges of the files. */
  playlist(parts: readonly PlaylistPart[]): string;
  /** A picture of about `atMs` into a file, as JPEG; undefined where none can be made. */
  poster(file: string, atMs: number): Promise<Uint8Array | undefined>;
}

export interface EngineRecording extends StreamName {
  id: string;
  startedAtMs: number;
  /** Written so far, over all its files. */
  sizeBytes: number;
  durationMs: number;
}

/** One file of a recording: continuous, of one codec configuration. */
export interface RecordedPart {
  /** From 1. */
  n: number;
  /** Name inside the folder. */
  file: string;
  /** Stream time of its first frame. */
  startMs: number;
  /** Wall clock at its first frame, ms since the epoch. */
  epochMs: number;
  durationMs: number;
  sizeBytes: number;
}

/** Where a file can be cut into segments that begin with key frames: one after the other behind its head, without a gap. */
export interface RecordedIndex {
  /** The initialization section, from the beginning of the file. */
  headBytes: number;
  segments: { bytes: number; durationMs: number }[];
}

export interface PlaylistPart extends RecordedIndex {
  /** Of the file, absolute or relative to the playlist. */
  uri: string;
  epochMs: number;
}

/** Not a file that the engine could have written; the message says why, without its path. */
export class RecordedFileError extends Error {
  readonly code = 'recorded_file_invalid';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RecordedFileError';
  }
}

/** Offers and candidates of clients that reach the engine by way of the platform. */
export interface RtcSignaling {
  /** Asks the handler as any other publisher or viewer would be asked. A viewer waits for somebody to publish. */
  open(offer: RtcOffer): Promise<{ action: 'answer'; sessionId: string; sdp: string } | Denial>;
  /** A candidate of the client, or null: there are no more. False when there is no such session. */
  trickle(sessionId: string, candidate: { candidate: string; mid?: string } | null): Promise<boolean>;
  /** Ends a session; its `onClosed` is not told. False when there is no such session. */
  close(sessionId: string): Promise<boolean>;
  /** Told once of each session that ended otherwise: peer gone, kicked, stream over, process died. Returns how to leave. */
  onClosed(listener: (sessionId: string, reason: string) => void): () => void;
}

export interface RtcOffer extends StreamName {
  intent: 'publish' | 'play';
  /** As in `EngineClient`. */
  param: string;
  /** Network address of the client. */
  address: string;
  sdp: string;
}

/** What a browser's `RTCConfiguration` takes. */
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

/** What an engine can do; the platform offers nothing else. */
export interface EngineCapabilities {
  rtmp: boolean;
  httpFlv: boolean;
  httpFlvPublish: boolean;
  wsFlv: boolean;
  wsFlvPublish: boolean;
  /** A publisher with the same credential may replace a dead one. */
  takeover: boolean;
  hls: boolean;
  llHls: boolean;
  /** How far back a viewer can go by HLS, ms. */
  hlsWindowMs?: number;
  webrtc: boolean;
  /** All nodes have the same one: it alone decides who publishes, and one node at a time reports what it carries. */
  shared?: boolean;
}

/** What the engine asks and tells; the live module implements it. */
export interface EngineHandler {
  authorizePublish(client: EngineClient): Promise<PublishVerdict>;
  authorizePlay(client: EngineClient): Promise<PlayVerdict>;
  /** Somebody plays who was let in before this process knew: they are counted. Undefined when there is nothing to watch. */
  adoptViewer?(client: PublicEngineClient): Promise<{ viewer?: string } | undefined>;
  /** Asked for a stream that somebody here wants and nobody publishes here, again and again until it is there or over. */
  findOrigin?(stream: StreamName): Promise<StreamOrigin>;
  /** Asked before a recording ends because its disk is full; answered when old ones were deleted, or none can be. */
  makeRoom?(): Promise<void>;
  /** Told after the fact, in order per stream. Must not throw and must not block. */
  notify(event: EngineEvent): void;
}

export interface StreamName {
  app: string;
  stream: string;
}

/** Where a stream is that nobody publishes here. `url` holds a secret; `none`: nobody publishes it now. */
export type StreamOrigin = { url: string } | 'none' | 'ended';

/** Ports that are really open; `https` only with TLS. */
export interface UrlPorts {
  rtmp: number;
  http: number;
  https?: number;
  /** UDP. */
  rtc: number;
}

/** Where people reach one of several nodes, as its operator says. */
export interface MediaPlace {
  ports: UrlPorts;
  /** Host without port. */
  host?: string;
  /** `https://HOST[:PORT]`, of FLV, WS-FLV, HLS and WHEP. */
  httpOrigin?: string;
  /** `rtmp://HOST[:PORT]` */
  rtmpOrigin?: string;
}

/** The outside address a person came by: where the media URLs that they get lead. */
export interface Site {
  /** Host without port; IPv6 in brackets. */
  host: string;
  secure: boolean;
  /** Of the platform itself, with its port, where it passes media on: WHIP and WHEP are at home there. */
  origin?: string;
}

export interface UrlTarget extends Site, StreamName {
  /** Appended as the URL's query, such as `{ key }` or `{ token }`. */
  query: Readonly<Record<string, string>>;
  /** Of the node that has the stream; left out, any node shows it. */
  place?: MediaPlace;
}

export interface PlayUrls {
  rtmp?: string;
  flv?: string;
  wsFlv?: string;
  hls?: string;
  webrtc?: string;
  whep?: string;
}

export interface PublishUrls {
  rtmp?: string;
  whip?: string;
  wsFlv?: string;
}

export interface EngineClient extends PublicEngineClient {
  /** The query of the stream name with its `?`, or ''. May hold secrets: never logged, never sent on. */
  param: string;
  /** The engine will ask again when it comes to it: nothing is kept for this client yet. */
  isTrial?: boolean;
}

export interface PublicEngineClient extends StreamName {
  clientId: string;
  protocol: string;
  address: string;
}

/** A refusal before any media. `status` is the HTTP one. */
export interface Denial {
  action: 'deny';
  status: 400 | 401 | 403 | 404 | 406 | 409 | 503;
  code: string;
  message: string;
}

export type PublishVerdict =
  /** `credential` names the right that was used, never the secret: an equal one may take over. */
  { action: 'publish'; credential: string } | Denial;

export type PlayVerdict =
  /**
   * `viewer` is the person's proven id, so that one person is counted once. `restricted`: not everybody may play it, so that
   * every segment needs the right too. `passesOn`: another node, for viewers of its own; no viewer here.
   */
  { action: 'play'; viewer?: string; restricted?: boolean; passesOn?: boolean } | Denial;

export type EngineEvent = StreamName & { atMs: number } & (
    | { type: 'published'; client: PublicEngineClient; resumed: boolean }
    | { type: 'interrupted'; client: PublicEngineClient; reason: string }
    | { type: 'ended'; reason: string }
    | { type: 'playing'; client: PublicEngineClient; viewer: string }
    | { type: 'stopped'; client: PublicEngineClient; viewer: string; reason: string }
    /** There is the first picture of a broadcast. */
    | { type: 'poster' }
    /** `renditions` of the stream says something else than before. Not told when the publisher goes. */
    | { type: 'renditions' }
    /** What its publisher should know of has changed; this is all of it now. Not told when the publisher goes. */
    | { type: 'findings'; findings: EngineFinding[] }
    | { type: 'recording_started'; id: string }
    /** A file was closed. */
    | { type: 'recording_part'; id: string; part: RecordedPart }
    /** `reason` is `stopped`, `ended` (with its stream), or what went wrong. */
    | { type: 'recording_ended'; id: string; reason: string }
  );

/** Something about how a stream arrives that its publisher should know. */
export interface EngineFinding {
  /** Stable; see the room's schema. */
  code: string;
  severity: 'info' | 'warning' | 'problem';
  /** Since when it is so, ms since the epoch. */
  sinceMs: number;
  /** In what the code says: percent, ms, bits per second. */
  value?: number;
}

export interface EngineStream extends StreamName {
  state: 'idle' | 'publishing' | 'interrupted' | 'ended';
  startedAtMs: number;
  publisher?: PublicEngineClient;
  /** Media connections, not people; those to its renditions too. */
  viewers: number;
  recvBps: number;
  /** To all viewers together. */
  sendBps: number;
  fps: number;
  /** Between the last two key frames, where it is measured. */
  keyframeIntervalMs?: number;
  /** To the publisher and back, where it is measured. */
  rttMs?: number;
  video?: { codec: string; profile?: string; level?: string; width?: number; height?: number };
  audio?: { codec: string; sampleRateHz?: number; channels?: number; profile?: string };
  /** Codes of what the publisher should know; see the room's schema. */
  notices?: string[];
  findings?: EngineFinding[];
}

/** A stream `STREAM_NAME`, made of another while somebody watches it; whoever may play the other may play it. */
export interface EngineRendition {
  name: string;
  /** Undefined for sound alone. */
  width?: number;
  height?: number;
  bitrateBps: number;
}

export interface EngineHealth {
  ok: boolean;
  workers: number;
  workersUp: number;
}

/** A port that the engine needs is taken, or an address leads nowhere; the message is one line that names it. */
export class EnginePortError extends Error {
  readonly code = 'port_in_use';

  constructor(message: string) {
    super(message);
    this.name = 'EnginePortError';
  }
}

/** The media engine does not answer; what it was asked to do may or may not be done. */
export class EngineUnavailableError extends Error {
  readonly code = 'engine_unavailable';

  constructor(options?: ErrorOptions) {
    super('the media engine does not answer', options);
    this.name = 'EngineUnavailableError';
  }
}
