import { z } from 'zod';
import type { PlayUrls, PublishUrls, Site } from '../../engine/contract.ts';
import type { Caller } from '../gateway/contract.ts';

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

/** What everybody may know of a room, wherever they are: what events carry and logs keep. */
export interface RoomFacts {
  id: string;
  userId: string | null;
  title: string;
  category?: string;
  cover?: string;
  status: RoomStatus;
  /** The publisher dropped and its grace runs. */
  interrupted?: boolean;
  isPrivate: boolean;
  autoLive: boolean;
  playId: string;
  /** ms since the epoch. */
  startTime?: number;
  endTime?: number;
  /** Distinct people. */
  viewerCount: number;
  peakViewers: number;
  /** 0 is no limit. */
  maxViewers: number;
}

/** A room as one caller sees it. */
export interface Room extends RoomFacts {
  playUrls: PlayUrls;
  /** For the owner only, as what follows. */
  streamKey?: string;
  publishUrls?: PublishUrls;
  publishing?: PublishingHealth;
}

/** How the owner's stream arrives. */
export interface PublishingHealth {
  protocol: string;
  sinceMs: number;
  recvBps: number;
  fps: number;
  video?: { codec: string; profile?: string; level?: string; width?: number; height?: number };
  audio?: { codec: string; sampleRateHz?: number; channels?: number; profile?: string };
}

/** Events on `rooms` (public rooms only) and `room:ID`; each carries the whole `Room`, but for `room.hidden`: `{ id }`. */
export type RoomEvent =
  | 'room.created'
  | 'room.live'
  | 'room.interrupted'
  | 'room.resumed'
  | 'room.ended'
  | 'room.updated'
  /** On `rooms` only: a public room became private. */
  | 'room.hidden';

/** Ephemeral, on `live:ID`: `{ viewerCount, peakViewers }`, at most once a second; on `rooms`: `{ counts: { roomId: n } }`, at most every 2 s. */
export const VIEWERS_EVENT = 'viewers';

const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u);
const roomFields = {
  title: line(100),
  category: line(50).nullish(),
  /** An http(s) address, or a path on this server. */
  cover: z
    .string()
    .max(2048)
    .regex(/^(?:https?:\/\/|\/(?!\/))[^\s"'<>\\]+$/)
    .nullish(),
  isPrivate: z.boolean(),
  maxViewers: z.int().min(0).max(1_000_000),
  autoLive: z.boolean(),
};

export const roomIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

export const createRoomSchema = z.object({
  ...roomFields,
  roomId: roomIdSchema.optional(),
  isPrivate: roomFields.isPrivate.default(false),
  maxViewers: roomFields.maxViewers.default(0),
  autoLive: roomFields.autoLive.default(true),
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
    sort: z.enum(['newest', 'oldest', 'viewers', 'title']).default('newest'),
  }),
);
export type ListRoomsQuery = z.output<typeof listRoomsSchema>;

export const roomParamsSchema = z.object({ roomId: z.string() });
export const roomQuerySchema = z.object({ token: z.string().max(500).optional() });
export const endStreamSchema = z.object({ roomId: z.string(), token: z.string().max(500).optional() });

function dropEmpty(query: unknown): unknown {
  return typeof query === 'object' && query !== null
    ? Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
    : query;
}

/** How other modules use rooms. */
export interface RoomDirectory {
  /** The user's newest room that is live and public. */
  liveRoomOf(userId: string, site: Site): Promise<Room | undefined>;
  /** A stream key was changed: whoever publishes by the old one is cut, on every node. */
  streamKeyChanged(playId: string): Promise<void>;
  /** What the caller is in the room. @throws AppError room_not_found, room_private, banned_from_room */
  standing(caller: Caller, roomId: string, token?: string): Promise<RoomStanding>;
}

export interface RoomStanding {
  room: RoomFacts & { mode: 'media' | 'p2p' };
  isOwner: boolean;
  isModerator: boolean;
  /** Who they are counted as: `user:ID`, `viewer:ID`, or undefined when they cannot be told from others. */
  person: string | undefined;
}
