import { DEFAULT_RECORD_OPTIONS, type RecordOptions } from './record/contract.ts';
import type { PullRule } from './relay/pull-rule.ts';
import type { TranscodeOptions } from './transcode/ladder/profile.ts';

/** Limits that one peer meets; every one has a named default here and a test that reaches it. */
export interface MediaLimits {
  /** Sockets over all workers and protocols. */
  connections: number;
  /** Sockets from one address; loopback is exempt, because a proxy on this machine speaks for everyone. */
  connectionsPerAddress: number;
  streams: number;
  viewersPerStream: number;
  /** Averaged over 5 s; a publisher above it is closed. */
  publishBitrateBps: number;
  /** From the socket's opening to the end of the handshake, and again to the first publish, play or media packet. */
  handshakeMs: number;
  /** A publisher that sends nothing for this long is closed. */
  publisherIdleMs: number;
  /** How long a viewer waits for somebody to publish before 404. */
  playWaitMs: number;
  /** HTTP request head. */
  headerBytes: number;
  /** Bytes queued in this process for one slow viewer before it skips to the next key frame. */
  viewerBufferBytes: number;
  /** A viewer that stays over `viewerBufferBytes` this long is closed. */
  slowViewerMs: number;
}

export interface GopCacheOptions {
  enabled: boolean;
  maxPackets: number;
  maxBytes: number;
}

export interface TlsFiles {
  /** PEM file paths. */
  key: string;
  cert: string;
}

/** A STUN (RFC 7064) or TURN (RFC 7065) server that browsers are told of; the media server itself uses none. */
export interface IceServerOptions {
  /** `stun:HOST[:PORT]`, `turn:HOST[:PORT][?transport=udp|tcp]`, `turns:…`. */
  urls: string[];
  username?: string;
  credential?: string;
  /** The TURN server's shared secret (coturn's `static-auth-secret`): everyone gets credentials of their own, for a time. */
  secret?: string;
}

/** WebRTC, carried by a process of its own that starts with its first peer. */
export interface RtcOptions {
  enabled: boolean;
  /** The one UDP port of all peers. */
  port: number;
  /** Addresses at which peers reach this port: IP addresses or host names; `auto` is what the machine itself has. */
  candidates: 'auto' | string[];
  iceServers: IceServerOptions[];
  /** How long credentials made by `secret` are good. */
  iceTtlSeconds: number;
  /** What WebRTC viewers, who can show no B-frames, get of a stream that has them. */
  bframes: 'drop' | 'transcode';
  /** Publishers and viewers at one time. */
  maxPeers: number;
}

/** What an ICE server's URL looks like. */
export const ICE_SERVER_URL =
  /^(?:stuns?(?!.*\?)|turns?):(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253})(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?$/;

/** Streams that go on to other servers, and that come from them. */
export interface RelayOptions {
  /** Whether push targets, which users name, may lead to addresses that are not public. Pull rules always may. */
  allowPrivate: boolean;
  /** Of each step of a connection to another server. */
  timeoutMs: number;
  /** The first that fits a stream counts. */
  pull: PullRule[];
  /** A stream that was fetched on demand goes on this long after its last viewer. */
  pullLingerMs: number;
}

/** HLS with low latency (RFC 8216bis), beside FLV on the same ports. */
export interface HlsOptions {
  enabled: boolean;
  /** `always` packages every stream whose sound needs no ffmpeg; whatever else there is, like all by `on_demand`, from the first request on. */
  mode: 'always' | 'on_demand';
  /** A segment ends at the first key frame after this. */
  segmentMs: number;
  /** Longest part of a segment, which is what the latency is made of; 0 for playlists without parts. */
  partMs: number;
  /** How far back a viewer can go. */
  windowMs: number;
  /** Of one stream's segments; the oldest go. */
  maxBytes: number;
  /** Of all streams' segments together. */
  totalBytes: number;
  /** What is packaged on demand goes on this long after the last request. */
  lingerMs: number;
  /** Whether viewers are counted and can be kicked. Without, playlists are the same for all, as a CDN likes it. */
  sessions: boolean;
  /** Also MPEG-TS segments, for players that know no MP4. */
  mpegts: boolean;
  /** Requests that wait for a playlist or a part, in each worker: for one stream, and in all. */
  heldPerStream: number;
  held: number;
}

/** Pictures of streams for lists and for pages before they play, made by ffmpeg where there is one. */
export interface SnapshotOptions {
  enabled: boolean;
  /** Between two pictures of one stream; with many streams it takes longer. */
  everyMs: number;
}

/** What publishers are told of how their streams arrive. */
export interface DoctorOptions {
  enabled: boolean;
  /** A stream above it is said to be more than many viewers' networks take. */
  highBitrateBps: number;
}

/** Everything the media server can be told. Port 0 takes a free one, resolved once for all workers. */
export interface MediaOptions {
  host: string;
  /** `proxies`: addresses and networks whose RTMP and RTMPS connections begin with a PROXY header, which is believed. */
  rtmp: { port: number; proxies: readonly string[] };
  http: { port: number };
  /** Served only when `tls` is set. */
  rtmps: { port: number };
  https: { port: number };
  tls?: TlsFiles;
  /** SRS-shaped API. Bound to loopback unless `secret` is set; then every call needs `Authorization: Bearer SECRET`. */
  api: { port: number; secret?: string };
  rtc: RtcOptions;
  relay: RelayOptions;
  snapshot: SnapshotOptions;
  doctor: DoctorOptions;
  hls: HlsOptions;
  transcode: TranscodeOptions;
  record: RecordOptions;
  /** Number of worker threads; `auto` is one per core, less one for the main thread and the kernel; at least one. */
  workers: number | 'auto';
  /** How long packets are merged into one write; `auto` grows from 0 to 95 ms with the number of viewers. */
  mergeWindowMs: number | 'auto';
  gopCache: GopCacheOptions;
  /** How long an interrupted stream waits for its publisher. */
  graceMs: number;
  limits: MediaLimits;
}

export const DEFAULT_MEDIA_OPTIONS: MediaOptions = {
  host: '0.0.0.0',
  rtmp: { port: 1935, proxies: [] },
  http: { port: 8080 },
  rtmps: { port: 1936 },
  https: { port: 8444 },
  api: { port: 1985 },
  rtc: {
    enabled: true,
    port: 8000,
    candidates: 'auto',
    iceServers: [],
    iceTtlSeconds: 43_200,
    bframes: 'drop',
    maxPeers: 2000,
  },
  relay: { allowPrivate: false, timeoutMs: 10_000, pull: [], pullLingerMs: 30_000 },
  snapshot: { enabled: true, everyMs: 10_000 },
  doctor: { enabled: true, highBitrateBps: 8_000_000 },
  transcode: {
    profiles: [],
    mode: 'on_demand',
    encoder: 'x264',
    fallback: true,
    threads: 2,
    maxJobs: 4,
    lingerMs: 30_000,
  },
  hls: {
    enabled: true,
    mode: 'always',
    segmentMs: 2000,
    partMs: 400,
    windowMs: 60_000,
    maxBytes: 128 * 1024 * 1024,
    totalBytes: 512 * 1024 * 1024,
    lingerMs: 30_000,
    sessions: true,
    mpegts: false,
    heldPerStream: 20_000,
    held: 50_000,
  },
  record: DEFAULT_RECORD_OPTIONS,
  workers: 'auto',
  mergeWindowMs: 'auto',
  gopCache: { enabled: true, maxPackets: 4000, maxBytes: 16 * 1024 * 1024 },
  graceMs: 30_000,
  limits: {
    connections: 50_000,
    connectionsPerAddress: 1000,
    streams: 1000,
    viewersPerStream: 50_000,
    publishBitrateBps: 100_000_000,
    handshakeMs: 20_000,
    publisherIdleMs: 15_000,
    playWaitMs: 30_000,
    headerBytes: 16_384,
    viewerBufferBytes: 3 * 1024 * 1024,
    slowViewerMs: 10_000,
  },
};
