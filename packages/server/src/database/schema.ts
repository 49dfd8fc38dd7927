import type { Generated } from 'kysely';
import type { AlarmTables } from './tables/alarms.ts';
import type { ChatTables } from './tables/chat.ts';
import type { FileTables } from './tables/files.ts';
import type { GiftTables } from './tables/gifts.ts';
import type { InsightTables } from './tables/insight.ts';
import type { LevelTables } from './tables/levels.ts';
import type { LogTables } from './tables/log.ts';
import type { LotteryTables } from './tables/lotteries.ts';
import type { ModerationTables } from './tables/moderation.ts';
import type { NoticeTables } from './tables/notices.ts';
import type { OverlayTables } from './tables/overlays.ts';
import type { RankTables } from './tables/rankings.ts';
import type { WalletTables } from './tables/wallet.ts';

/**
 * Tables as rows. The same on SQLite and PostgreSQL: booleans are 0 or 1, times are bigint milliseconds since the
 * epoch, structures are JSON text.
 */
export interface DatabaseSchema
  extends
    AlarmTables,
    ChatTables,
    FileTables,
    GiftTables,
    InsightTables,
    LevelTables,
    LogTables,
    LotteryTables,
    ModerationTables,
    NoticeTables,
    OverlayTables,
    RankTables,
    WalletTables {
  rooms: RoomTable;
  room_members: RoomMemberTable;
  users: UserTable;
  sessions: SessionTable;
  api_keys: ApiKeyTable;
  password_resets: PasswordResetTable;
  follows: FollowTable;
  secrets: SecretTable;
  outbox: OutboxTable;
  outbox_rejected: OutboxRejectedTable;
  audit_log: AuditTable;
  relay_targets: RelayTargetTable;
  recordings: RecordingTable;
  recording_parts: RecordingPartTable;
}

export type RoomStatus = 'preparing' | 'live' | 'ended';
export type RoomMode = 'media' | 'p2p';
export type Role = 'user' | 'admin';
export type RoomMembership = 'moderator' | 'invited' | 'banned';
export type Flag = 0 | 1;
export type RecordingMode = 'never' | 'always' | 'manual';
/** `deleted` is seen by nobody any more; its files are still being removed. */
export type RecordingState = 'recording' | 'processing' | 'ready' | 'failed' | 'deleted';

export interface RoomTable {
  id: string;
  /** The account that owns it; null for a room made without one. */
  user_id: string | null;
  title: string;
  /** `title` as searched and sorted: NFKC, lower case. */
  title_key: string;
  category: string | null;
  cover: string | null;
  status: RoomStatus;
  /** `p2p` is signaling only: no stream passes the server. */
  mode: RoomMode;
  interrupted: Flag;
  /** When `interrupted` became 1: the grace counts from here. */
  interrupted_at: number | null;
  is_private: Flag;
  auto_live: Flag;
  recording: RecordingMode;
  /** What its owner asked for during this broadcast; null goes by `recording`. */
  recording_on: Flag | null;
  play_id: string;
  /**
   * Kept as it is, for the owner is shown it again. Never leaves the live module but in the owner's view. '' while the
   * room is on its owner's channel: the channel's permanent key is the right one then.
   */
  stream_secret: string;
  /** SHA-256 in hex; null when an account owns the room. */
  owner_token_hash: string | null;
  max_viewers: number;
  /** How often its publisher dropped while it was live. */
  interruptions: Generated<number>;
  /** Written in batches, for sorting; the present number is counted in the state center. */
  viewer_count: number;
  peak_viewers: number;
  created_at: number;
  updated_at: number;
  start_time: number | null;
  end_time: number | null;
}

/** What a person is in a room besides viewer and owner; one row per room, person and kind. */
export interface RoomMemberTable {
  room_id: string;
  /** `user:ID`, or `viewer:ID` for a viewer without an account. */
  person: string;
  kind: RoomMembership;
  reason: string | null;
  /** The account that did it, if one. */
  created_by: string | null;
  created_at: number;
  /** null lasts for good. */
  expires_at: number | null;
}

export interface UserTable {
  id: string;
  username: string;
  /** `username` as compared: NFKC, lower case. */
  username_key: string;
  /** PHC string of argon2id. */
  password_hash: string;
  role: Role;
  email: string | null;
  /** As compared: lower case. */
  email_key: string | null;
  /** Shown name. */
  name: string;
  /** `name` as searched: NFKC, lower case. */
  name_key: Generated<string>;
  bio: string;
  avatar: string | null;
  /** The channel: the public stream name that publishing with the permanent key uses. */
  play_id: string;
  /** As rooms.stream_secret. */
  stream_secret: string;
  banned_at: number | null;
  /** null with `banned_at` set is for good. */
  banned_until: number | null;
  ban_reason: string | null;
  created_at: number;
  updated_at: number;
  last_login_at: number | null;
}

/** A login on one device, carried on by rotating refresh tokens. */
export interface SessionTable {
  id: string;
  user_id: string;
  /** SHA-256 in hex of the refresh token that is good now. */
  refresh_hash: string;
  /** Of the one before: its use later than a moment after the rotation is a theft. */
  previous_hash: string | null;
  rotated_at: number;
  created_at: number;
  expires_at: number;
  /** null while it lives. */
  revoked_at: number | null;
  user_agent: string;
  address: string;
}

export interface ApiKeyTable {
  id: string;
  user_id: string;
  name: string;
  /** SHA-256 in hex. */
  key_hash: string;
  /** Space-separated. */
  scopes: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}

export interface PasswordResetTable {
  /** SHA-256 in hex. */
  token_hash: string;
  user_id: string;
  created_at: number;
  expires_at: number;
}

export interface FollowTable {
  follower_id: string;
  user_id: string;
  created_at: number;
}

/** Keys that several nodes share: of access tokens and of signed ids. */
export interface SecretTable {
  id: string;
  /** `token` or `sign`. */
  purpose: string;
  /** base64url. */
  value: string;
  created_at: number;
  /** When it stopped signing; it still verifies for a while. */
  retired_at: number | null;
}

/** Events that were committed with their change and wait to be appended to the state center. */
export interface OutboxTable {
  seq: Generated<number>;
  /** Makes the append idempotent. */
  id: string;
  channel: string;
  event: string;
  /** JSON. */
  data: string;
  created_at: number;
}

/** Events that the state center would not take: evidence for whoever looks for what is missing. */
export interface OutboxRejectedTable {
  /** As it was in the outbox. */
  seq: number;
  id: string;
  channel: string;
  event: string;
  data: string;
  created_at: number;
  reason: string;
  rejected_at: number;
}

/** Who did what to whom, when. */
export interface AuditTable {
  seq: Generated<number>;
  at: number;
  /** `user:ID`, `owner` (of a room without account), `system`, `operator` (the command line) or `anonymous`. */
  actor: string;
  /** Such as `room.closed`. */
  action: string;
  /** Such as `room:ID` or `user:ID`. */
  subject: string;
  /** JSON, without secrets. */
  details: string;
  address: string | null;
}

/** A server elsewhere that a stream is sent on to while its room is live. */
export interface RelayTargetTable {
  id: string;
  /** Of the room, so that the rooms of one channel, one after the other, share their targets. */
  play_id: string;
  name: string | null;
  /** `rtmp(s)://…` with its key. Never leaves the relay module but for the engine. */
  url: string;
  enabled: Flag;
  created_at: number;
  updated_at: number;
  /** How it goes, as JSON, written by the node that carries the stream, for the others to answer with. */
  report: string | null;
  reported_at: number | null;
}

/** One broadcast as it was written to files, which follow each other. */
export interface RecordingTable {
  id: string;
  /** null when it was uploaded. */
  room_id: string | null;
  /** Of the room, so that the rooms of one channel, one after the other, share a quota; null when it was uploaded. */
  play_id: string | null;
  user_id: string | null;
  title: string;
  /** As `rooms.title_key`. */
  title_key: Generated<string>;
  state: RecordingState;
  published: Flag;
  /** The folder that holds its files; null once all of them are in the bucket only. */
  folder_id: string | null;
  /** null before it was tried to make one. */
  poster: Flag | null;
  started_at: number;
  ended_at: number | null;
  duration_ms: number;
  size_bytes: number;
  updated_at: number;
}

/** A file of a recording. */
export interface RecordingPartTable {
  recording_id: string;
  n: number;
  /** Name in the recording's folder, and in the bucket. */
  file: string;
  start_ms: number;
  /** Wall clock at its first frame: with `duration_ms` of those before it, the recording's time base. */
  epoch_ms: number;
  duration_ms: number;
  size_bytes: number;
  /** Of the initialization section; null before the file was read, 0 when it cannot be played. */
  head_bytes: number | null;
  /** JSON: `[bytes, durationMs]` of each segment behind it. */
  segments: string | null;
  /** 1 when it is in the bucket. */
  stored: Flag;
}
