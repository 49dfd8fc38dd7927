/** `preparing → live → ended` and `preparing → ended`; a short publisher drop keeps `live` with `interrupted: true`. */
export type RoomStatus = 'preparing' | 'live' | 'ended';

/** Only the protocols that the running engine can do are present. */
export interface PlayUrls {
  rtmp?: string;
  flv?: string;
  wsFlv?: string;
  hls?: string;
  webrtc?: string;
  whep?: string;
}

export interface PublishUrls {
  rtmp: string;
  whip?: string;
  wsFlv?: string;
}

/** What the owner sees about the current publisher. Absent fields are not known yet. */
export interface PublishingInfo {
  protocol: string;
  video?: { codec: string; width?: number; height?: number; profile?: string; level?: string | number } | null;
  audio?: { codec: string; sampleRate?: number; channels?: number } | null;
  recvBps?: number;
  fps?: number;
}

export interface Room {
  id: string;
  userId: string | null;
  title: string;
  category?: string;
  /** URL of a picture on the platform's own origin. */
  cover?: string;
  status: RoomStatus;
  interrupted?: boolean;
  isPrivate: boolean;
  autoLive: boolean;
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
}

export interface UpdateRoomInput {
  status?: 'live' | 'ended';
  title?: string;
  category?: string;
  cover?: string;
  isPrivate?: boolean;
  maxViewers?: number;
  autoLive?: boolean;
}

export interface ListRoomsQuery {
  status?: RoomStatus;
  /** From 1. */
  page?: number;
  pageSize?: number;
  q?: string;
  category?: string;
  sort?: string;
}
