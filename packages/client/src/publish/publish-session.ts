import type { KaiboError } from '../errors.ts';
import type { PublishUrls } from '../types.ts';

/** How the media goes to the server, the best first: WebRTC by WHIP, or FLV over a WebSocket where no UDP gets through. */
export type PublishTransport = 'whip' | 'ws-flv';
export type TrackKind = 'audio' | 'video';

/** `failed` and `stopped` may be started again. */
export interface PublishState {
  phase: 'idle' | 'connecting' | 'live' | 'reconnecting' | 'stopped' | 'failed';
  /** The one in use or being tried. */
  transport: PublishTransport | null;
  /** Why it failed, or why it is reconnecting. */
  error: KaiboError | null;
  /** Attempts since it was live last. */
  attempts: number;
}

/** What goes out now. Rates are of the time since the last call. */
export interface PublishStats {
  bitrateBps: number;
  videoBitrateBps: number;
  audioBitrateBps: number;
  fps: number;
  /** Of the picture as it is sent. */
  width: number;
  height: number;
  rttMs: number | null;
  /** 0 to 1; null where nobody tells, as over TCP. */
  lossRate: number | null;
  /** Like `H264`. */
  codec: string;
  /** What was taken but is not on the network yet, ms of media. */
  queueMs: number;
}

export const NO_STATS: PublishStats = {
  bitrateBps: 0,
  videoBitrateBps: 0,
  audioBitrateBps: 0,
  fps: 0,
  width: 0,
  height: 0,
  rttMs: null,
  lossRate: null,
  codec: '',
  queueMs: 0,
};

export interface LivePublisherOptions {
  /** `Room.publishUrls`. */
  urls: PublishUrls;
  /** Its tracks at `start()`. They stay the caller's: nothing here stops them. `contentHint` is kept to. */
  stream: MediaStream;
  maxBitrateBps?: number;
  maxFramerate?: number;
  /** Those to try, in order; by default WHIP, then WS-FLV. */
  transports?: readonly PublishTransport[];
  onState?(state: PublishState): void;
  fetch?: typeof globalThis.fetch;
  WebSocket?: typeof globalThis.WebSocket;
  RTCPeerConnection?: typeof globalThis.RTCPeerConnection;
}

/** The tracks that are sent. */
export type PublishTracks = Readonly<Record<TrackKind, MediaStreamTrack | null>>;

/** What a session of either transport is made of. */
export interface PublishSessionOptions extends Omit<
  LivePublisherOptions,
  'urls' | 'stream' | 'transports' | 'onState'
> {
  url: string;
  tracks: PublishTracks;
}

/** One connection that publishes, by one transport; used once. Implemented by WhipSession and FlvSession. */
export interface PublishSession {
  /** Resolves when it is live; rejects with a KaiboError, and is closed then. */
  connect(): Promise<void>;
  /** Resolves once after it was live, whoever ended it; null: it was closed here. */
  readonly ended: Promise<KaiboError | null>;
  /** False when this session cannot carry it, so that a new one must. */
  replaceTrack(track: MediaStreamTrack | null, kind: TrackKind): Promise<boolean>;
  setMaxBitrate(bitrateBps: number): Promise<void>;
  stats(): Promise<PublishStats>;
  /** The device came back to a network. */
  networkChanged(): void;
  /** Idempotent. */
  close(): Promise<void>;
}
