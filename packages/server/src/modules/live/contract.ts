import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import { lineSchema } from '../../http/plain-text.ts';
import type { EnginePoster, EngineRendition, EngineStream, MediaPlace, Site } from '../../engine/contract.ts';
import type { Caller, ErrorCode } from '../gateway/contract.ts';

/** The application name under which rooms are published and played. */
export const LIVE_APP = 'live';

export type RoomStatus = 'preparing' | 'live' | 'ended';

/** The only moves: preparing → live → ended, and preparing → ended. */
const MOVES: Readonly<Record<RoomStatus, readonly RoomStatus[]>> = {
  preparing: ['live', 'ended'],
  live: ['ended'],
  ended: [],
};

export function canMove(from: RoomStatus, to: RoomStatus): boolean {
  return MOVES[from].includes(to);
}

/** Statuses from which a room may become `to`: what the compare-and-set compares with. */
export function originsOf(to: RoomStatus): RoomStatus[] {
  return (Object.keys(MOVES) as RoomStatus[]).filter((from) => canMove(from, to));
}

const engineUrls = z.string().optional();
const ownerSchema = z.object({ id: z.string(), username: z.string(), name: z.string(), avatar: z.string().optional() });
export type RoomOwner = z.output<typeof ownerSchema>;

/** What everybody may know of a room, wherever they are: what events carry and logs keep. */
export const roomFactsSchema = z.object({
  id: z.string(),
  userId: z.string().nullable().describe('The account that owns it; null for a room made without one'),
  owner: ownerSchema.optional(),
  title: z.string(),
  category: z.string().optional(),
  cover: z.string().optional(),
  poster: z
    .string()
    .optional()
    .describe('While it is live, where there is one: the path of a picture of the stream, a JPEG that is renewed'),
  status: z.enum(['preparing', 'live', 'ended']),
  mode: z.enum(['media', 'p2p']).describe('p2p is signaling only: no stream passes the server'),
  interrupted: z.boolean().optional().describe('The publisher dropped and its grace runs'),
  isPrivate: z.boolean(),
  autoLive: z.boolean(),
  recording: z.enum(['never', 'always', 'manual']).describe('Whether its broadcast is recorded; manual by its owner'),
  playId: z.string(),
  startTime: z.number().optional().describe('ms since the epoch'),
  endTime: z.number().optional().describe('ms since the epoch'),
  viewerCount: z.number().describe('Distinct people'),
  peakViewers: z.number(),
  maxViewers: z.number().describe('0 is no limit'),
});
export type RoomFacts = z.output<typeof roomFactsSchema>;

/** Whose channel a broadcast belongs to: what outlasts a room hangs on it. A room without account is its own. */
export const channelIdOf = ({ id, userId }: Pick<RoomFacts, 'id' | 'userId'>): string => userId ?? id;

/** Something about how a stream arrives that its publisher should know. */
export const findingSchema = z.object({
  code: z
    .string()
    .describe(
      'keyframe_interval_long, b_frames, no_audio, no_video, variable_frame_rate, timestamp_jumps, bitrate_high, bitrate_unstable, encoder_overload, av_drift',
    ),
  severity: z.enum(['info', 'warning', 'problem']),
  sinceMs: z.number().describe('ms since the epoch'),
  value: z.number().optional().describe('In what the code says: percent, ms, bits per second, or how often'),
});

/** How the owner's stream arrives. */
export const publishingSchema = z.object({
  protocol: z.string(),
  sinceMs: z.number(),
  recvBps: z.number(),
  fps: z.number(),
  keyframeIntervalMs: z.number().optional().describe('Between the last two key frames, where the doctor is on'),
  rttMs: z.number().optional().describe('To the publisher and back; of WebRTC'),
  video: z
    .object({
      codec: z.string(),
      profile: z.string().optional(),
      level: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
    })
    .optional(),
  audio: z
    .object({
      codec: z.string(),
      sampleRateHz: z.number().optional(),
      channels: z.number().optional(),
      profile: z.string().optional(),
    })
    .optional(),
  notices: z
    .array(z.string())
    .optional()
    .describe(
      'What the streamer should know: no_ffmpeg, audio_bridge_failed, b_frames, b_frames_transcoded, webrtc_video_unsupported, renditions_need_ffmpeg, transcode_failed',
    ),
  findings: z.array(findingSchema).optional().describe('What is wrong with how the stream arrives'),
});
export type PublishingHealth = z.output<typeof publishingSchema>;

/** A stream as whoever looks after it sees it. */
export function healthOf({ publisher, startedAtMs, ...stream }: EngineStream): PublishingHealth {
  const { recvBps, fps, keyframeIntervalMs, rttMs, video, audio, notices, findings } = stream;
  return {
    protocol: publisher?.protocol ?? '',
    sinceMs: startedAtMs,
    ...{ recvBps, fps, keyframeIntervalMs, rttMs, video, audio, notices, findings },
  };
}

const playUrlFields = {
  rtmp: engineUrls,
  flv: engineUrls,
  wsFlv: engineUrls,
  hls: engineUrls,
  webrtc: engineUrls,
  whep: engineUrls,
};

const publishUrlFields = { rtmp: engineUrls, whip: engineUrls, wsFlv: engineUrls };

/** Patterns of addresses. */
export const addressesSchema = z.object({
  playUrls: z.object(playUrlFields),
  publishUrls: z.object(publishUrlFields),
  features: z
    .object({
      recording: z.boolean().describe('Rooms can be recorded'),
      relays: z.boolean().describe('Rooms can be sent on to other servers'),
    })
    .describe('What the media engine can do beside'),
});

/** A room as one caller sees it. */
export const roomSchema = roomFactsSchema.extend({
  playUrls: z.object(playUrlFields),
  renditions: z
    .array(
      z.object({
        name: z.string().describe('What follows the stream name: 720p is playId_720p'),
        height: z.number().optional().describe('Of the shorter side, in pixels; absent for sound alone'),
        bitrateBps: z.number(),
        ...playUrlFields,
      }),
    )
    .optional()
    .describe('Smaller forms of the stream, made while somebody watches them'),
  dvrWindowMs: z.number().optional().describe('How far back a viewer can go by HLS'),
  streamKey: z.string().optional().describe('For the owner and administrators only, as what follows').meta(SECRET),
  publishUrls: z.object(publishUrlFields).optional(),
  publishing: publishingSchema.optional(),
});
export type Room = z.output<typeof roomSchema>;

/** As its maker gets it. */
export const createdRoomSchema = roomSchema.extend({
  ownerToken: z.string().optional().describe('Shown this once, when the room is made without an account').meta(SECRET),
});
export type CreatedRoom = z.output<typeof createdRoomSchema>;

const roomFields = {
  title: lineSchema(100),
  category: lineSchema(50).nullish(),
  /** The path of a picture that was uploaded here, or an http(s) address elsewhere, from which it is copied. */
  cover: z
    .string()
    .max(2048)
    .regex(/^(?:https?:\/\/|\/(?!\/))[^\s"'<>\\]+$/)
    .nullish(),
  isPrivate: z.boolean(),
  maxViewers: z.int().min(0).max(1_000_000),
  autoLive: z.boolean(),
  recording: z.enum(['never', 'always', 'manual']),
};

export const roomIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

export const createRoomSchema = z.object({
  ...roomFields,
  roomId: roomIdSchema.optional(),
  mode: z.enum(['media', 'p2p']).default('media'),
  isPrivate: roomFields.isPrivate.default(false),
  maxViewers: roomFields.maxViewers.default(0),
  autoLive: roomFields.autoLive.default(true),
  recording: roomFields.recording.optional().describe('Left out, what the operator has set'),
});
export type CreateRoomInput = z.output<typeof createRoomSchema>;

export const updateRoomSchema = z.object({ ...roomFields, status: z.enum(['preparing', 'live', 'ended']) }).partial();
export type UpdateRoomInput = z.output<typeof updateRoomSchema>;

/** `status` may list several, separated by commas. Empty parameters are as absent. */
export const listRoomsSchema = z.preprocess(
  dropEmpty,
  z.object({
    status: z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(z.enum(['preparing', 'live', 'ended'])))
      .optional(),
    page: z.coerce.number().int().min(1).max(1_000_000).default(1),
    pageSize: z.coerce.number().int().min(1).max(500).default(100),
    q: z.string().trim().max(100).optional(),
    category: z.string().trim().max(50).optional(),
    userId: z.string().max(64).optional().describe('Rooms of one account; private ones too when it is the caller'),
    sort: z.enum(['newest', 'oldest', 'viewers', 'title']).default('newest'),
  }),
);
export type ListRoomsQuery = z.output<typeof listRoomsSchema>;

/** Proof that a request may bring: of the right to see a private room, and of who somebody without account is. */
export const proofSchema = z.object({
  token: z.string().max(500).optional().describe('Play token or owner token').meta(SECRET),
  vid: z.string().max(500).optional().describe('Signed viewer id').meta(SECRET),
});
export type Proof = z.output<typeof proofSchema>;

export const roomParamsSchema = z.object({ roomId: z.string().max(64) });
export const roomQuerySchema = proofSchema.pick({ token: true });
export const endStreamSchema = z.object({
  roomId: z.string().max(64),
  token: z.string().max(500).optional().meta(SECRET),
});
export const roomListSchema = z.object({ rooms: z.array(roomSchema), total: z.number(), since: z.string() });
export const categoriesSchema = z.array(z.object({ category: z.string(), rooms: z.number(), live: z.number() }));
export const successSchema = z.object({ success: z.literal(true) });

function dropEmpty(query: unknown): unknown {
  return typeof query === 'object' && query !== null
    ? Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
    : query;
}

/** How other modules use rooms. */
export interface RoomDirectory {
  /**
   * The user's newest room that is not ended, a live one first, also a private one, for a program that shows it to its
   * owner: with a play token, good for at least a quarter of an hour, where it is not everybody's.
   */
  openRoomOf(userId: string, site: Site): Promise<{ room: Room; playToken?: string } | undefined>;
  /** Open public rooms whose title has it in it, live ones and then the most watched first. */
  search(q: string, asked: { limit: number; site: Site }): Promise<Room[]>;
  /** In which public rooms these users are live, the most watched first. */
  liveRoomsOf(userIds: readonly string[], asked: { limit: number; site: Site }): Promise<Room[]>;
  /** When each one's last public broadcast ended, ms since the epoch; who had none is not in it. */
  lastShowsOf(userIds: readonly string[]): Promise<Map<string, number>>;
  /** The user's newest room that is live and public. */
  liveRoomOf(userId: string, site: Site): Promise<Room | undefined>;
  /** A stream key was changed: whoever publishes by the old one is cut, on every node. */
  streamKeyChanged(playId: string): Promise<void>;
  /** What the caller is in the room. @throws AppError room_not_found, room_private, banned_from_room */
  standing(caller: Caller, roomId: string, proof?: Proof): Promise<RoomStanding>;
  /**
   * How the media engine is asked in the caller's name. Publishing is the owner's and administrators'.
   * @throws AppError room_not_found, room_private, banned_from_room, room_ended, room_not_live, publish_forbidden,
   * key_scope; not_supported in a p2p room
   */
  mediaAccess(caller: Caller, roomId: string, request: MediaRequest): Promise<MediaAccess>;
  /** Counts a person as a viewer until what is returned is called. @throws AppError room_full */
  watch(room: RoomFacts, person: string): Promise<() => void>;
  /** Distinct people who watch, over all nodes, at most a second old. */
  viewerCount(roomId: string): Promise<number>;
  /** Who watches, as they are counted: `user:ID` and others. At most `limit`, in no order. */
  people(roomId: string, limit: number): Promise<string[]>;
  /** As `POST …/bans`. @throws AppError room_not_found, forbidden, user_not_found, too_many_members */
  ban(caller: Caller, roomId: string, ban: { person: string; reason?: string; seconds?: number }): Promise<void>;
  /** The owner's peer joined a p2p room on this node; call what is returned when it left. Their absence for a grace ends the room. */
  ownerJoined(roomId: string): Promise<() => void>;
  /** Told on every node when somebody has to leave a room at once: kicked (they may come back) or banned. */
  onRemoved(listener: (removed: { roomId: string; person: string; code: ErrorCode }) => void): void;
  /** Told on every node when a room became private: who may not know it any more has to leave. */
  onHidden(listener: (roomId: string) => void): void;
  /** As `standing` says who they are, without asking the database. */
  personOf(roomId: string, proof: Proof & { caller: Caller }): string | undefined;
}

/** Where a stream is that another node may have. */
export type StreamCarrier =
  /** `token` makes that node give it to this one, for a minute. */
  | { nodeId: string; token: string }
  /** Nobody publishes it now. */
  | 'none'
  | 'ended';

/** What a node knows of a stream that is published on any; at most a few seconds old. */
export interface StreamSight {
  /** Where people reach the node that has it, when its operator said so. */
  place?: MediaPlace;
  publishing?: PublishingHealth;
  /** Of its last picture. */
  posterAtMs?: number;
  renditions?: readonly EngineRendition[];
}

/** What rooms need of the other nodes. Implemented by the node module. */
export interface OtherNodes {
  sight(playId: string): StreamSight | undefined;
  poster(playId: string): Promise<EnginePoster | undefined>;
  /** Whether the node let its publisher go, which was silent and had the same credential, or has none any more. */
  takeOver(stream: { nodeId: string; playId: string; credential: string }): Promise<boolean>;
}

export interface MediaRequest extends Proof {
  intent: 'publish' | 'play';
  /** Who they are counted as in the room already, so that playing does not count them again. */
  person: string | undefined;
}

/** A stream and the right to it. `param` is a secret between platform and engine; no client gets it. */
export interface MediaAccess {
  app: string;
  stream: string;
  param: string;
}

export interface RoomStanding {
  room: RoomFacts;
  /** Also true for administrators. */
  isOwner: boolean;
  isModerator: boolean;
  /** Who they are counted as: `user:ID`, `viewer:ID`, or undefined when they cannot be told from others. */
  person: string | undefined;
}
