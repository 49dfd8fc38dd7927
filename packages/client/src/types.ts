/** `preparing → live → ended` and `preparing → ended`; a short publisher drop keeps `live` with `interrupted: true`. */
export type RoomStatus = 'preparing' | 'live' | 'ended';

export type RoomMode = 'media' | 'p2p';

/** Whether broadcasts of a room are kept: none, all, or when its owner says so. */
export type RecordingMode = 'never' | 'always' | 'manual';

/** Only the protocols that the running engine can do are present. */
export interface PlayUrls {
  rtmp?: string;
  flv?: string;
  wsFlv?: string;
  hls?: string;
  webrtc?: string;
  whep?: string;
}

/** A smaller form of a stream, made by the server while somebody watches it, with addresses of its own. */
export interface Rendition extends PlayUrls {
  /** `720p`: what follows the stream's name. */
  name: string;
  /** Of the picture's shorter side, in pixels; absent for sound alone. */
  height?: number;
  bitrateBps: number;
}

export interface PublishUrls {
  rtmp: string;
  whip?: string;
  wsFlv?: string;
}

/** Patterns: `STREAM` stands for the public name of a stream, `KEY` for its secret. */
export interface Addresses {
  playUrls: PlayUrls;
  publishUrls: Partial<PublishUrls>;
  /** What the media engine can do beside: record rooms, send them on to other servers. */
  features: { recording: boolean; relays: boolean };
}

/** Something that is wrong with how a stream arrives: `info` is to be known, `warning` costs some viewers something. */
export interface StreamFinding {
  /**
   * `keyframe_interval_long` (`value`: ms), `b_frames` (percent), `no_audio`, `no_video` (ms), `variable_frame_rate`
   * (percent), `timestamp_jumps` (how often), `bitrate_high` (bits per second), `bitrate_unstable` (times),
   * `encoder_overload` (percent), `av_drift` (ms that sound comes late). Newer servers may know more.
   */
  code: string;
  severity: 'info' | 'warning' | 'problem';
  /** Since when, ms since the epoch. */
  sinceMs: number;
  value?: number;
}

/** What the owner sees about the current publisher. Absent fields are not known yet. */
export interface PublishingInfo {
  protocol: string;
  video?: { codec: string; width?: number; height?: number; profile?: string; level?: string | number } | null;
  audio?: { codec: string; sampleRate?: number; channels?: number } | null;
  recvBps?: number;
  fps?: number;
  /** Between the last two key frames. */
  keyframeIntervalMs?: number;
  /** To the publisher and back; of WebRTC. */
  rttMs?: number;
  /**
   * What viewers miss: `no_ffmpeg`, `audio_bridge_failed`, `b_frames`, `b_frames_transcoded`,
   * `webrtc_video_unsupported`. Newer servers may know more.
   */
  notices?: string[];
  /** What the stream doctor found; empty when all is well. */
  findings?: StreamFinding[];
}

export interface Room {
  id: string;
  userId: string | null;
  /** The account that owns it; absent for a room made without one. */
  owner?: { id: string; username: string; name: string; avatar?: string };
  /** `p2p`: no stream passes the server, peers speak through signaling. */
  mode?: RoomMode;
  title: string;
  category?: string;
  /** URL of a picture on the platform's own origin. */
  cover?: string;
  /** While it is live: path of a picture of now, a few seconds old. */
  poster?: string;
  status: RoomStatus;
  interrupted?: boolean;
  isPrivate: boolean;
  autoLive: boolean;
  /** Absent in answers of older servers. */
  recording?: RecordingMode;
  playId: string;
  /** Only in answers to the owner. */
  streamKey?: string;
  /** ms since the epoch. */
  startTime?: number;
  /** ms since the epoch. */
  endTime?: number;
  viewerCount: number;
  peakViewers: number;
  /** 0 = no limit. */
  maxViewers: number;
  playUrls: PlayUrls;
  /** What can be watched besides the stream as it is published. */
  renditions?: Rendition[];
  /** How far back a viewer can go by `playUrls.hls`, ms. */
  dvrWindowMs?: number;
  /** Only in answers to the owner. */
  publishUrls?: PublishUrls;
  /** Only in answers to the owner, while somebody publishes. */
  publishing?: PublishingInfo | null;
}

/** `ownerToken` is given once, for a room made without an account. */
export type CreatedRoom = Room & { ownerToken?: string };

export interface CreateRoomInput {
  title: string;
  roomId?: string;
  isPrivate?: boolean;
  category?: string;
  cover?: string;
  maxViewers?: number;
  autoLive?: boolean;
  recording?: RecordingMode;
  mode?: RoomMode;
}

export interface UpdateRoomInput {
  status?: 'live' | 'ended';
  title?: string;
  /** null takes it away, as the cover. */
  category?: string | null;
  cover?: string | null;
  isPrivate?: boolean;
  maxViewers?: number;
  autoLive?: boolean;
  recording?: RecordingMode;
}

export interface ListRoomsQuery {
  status?: RoomStatus;
  /** From 1. */
  page?: number;
  pageSize?: number;
  q?: string;
  category?: string;
  sort?: 'newest' | 'oldest' | 'viewers' | 'title';
  /** Of one account. */
  userId?: string;
}

/** Somebody who is in a room now. */
export interface RoomViewer {
  /** `user:ID`, `viewer:ID`, or `client:ID` for a connection that cannot be told from others. */
  person: string;
  /** Present for accounts, as what follows. */
  userId?: string;
  name?: string;
  avatar?: string;
}

/** Somebody with a standing in a room: moderator, invited or banned. Times are ms since the epoch. */
export interface RoomMember extends RoomViewer {
  reason?: string;
  createdAt: number;
  /** Absent when it lasts for good. */
  expiresAt?: number;
}

export interface BanInput {
  /** `user:ID` or `viewer:ID`. */
  person: string;
  reason?: string;
  /** Left out, for good. */
  seconds?: number;
}

/** A way into a private room. */
export interface PlayToken {
  token: string;
  /** ms since the epoch. */
  expiresAt: number;
  /** To share: a path on the platform. */
  url: string;
  playUrls: PlayUrls;
}

/** Presence without a socket. */
export interface Entered {
  /** For `vid=` on play URLs and for entering again. */
  vid: string;
  viewerCount: number;
  /** Enter again before. */
  expiresInSeconds: number;
}

/** A server elsewhere that a room is sent on to while it is live. */
export interface Relay {
  id: string;
  name?: string;
  /** Without its key: `rtmp://live.twitch.tv/app/live_****`. */
  url: string;
  enabled: boolean;
  /** ms since the epoch. */
  createdAt: number;
  status: {
    /** `waiting` is tried again soon; `failed` needs somebody to look, and is tried again rarely. */
    state: 'idle' | 'connecting' | 'pushing' | 'waiting' | 'failed';
    /** ms since the epoch. */
    since?: number;
    sentBytes: number;
    bitrateBps: number;
    /** Connections that failed since one last held. */
    attempts: number;
    /** Of the last connection that failed; the message is in the language that was asked for. */
    error?: { code: string; message: string };
  };
}

export interface RelayInput {
  name?: string;
  url: string;
  enabled?: boolean;
}

export interface UpdateRelayInput {
  /** null takes it away. */
  name?: string | null;
  url?: string;
  enabled?: boolean;
}
