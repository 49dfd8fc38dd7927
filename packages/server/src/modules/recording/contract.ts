import { z } from 'zod';
import { lineSchema } from '../../http/plain-text.ts';
import type { Caller } from '../gateway/contract.ts';
import { userSummarySchema } from '../user/contract.ts';

/** On `control`: what is to be recorded changed, or something was deleted; the nodes compare at once. Without data. */
export const RECORDING_CHANGED = 'recording.changed';

const idSchema = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);
const titleSchema = lineSchema(100);
const bytes = z.number().describe('Bytes');

export const recordingPartSchema = z.object({
  n: z.int().describe('From 1'),
  durationMs: z.number(),
  sizeBytes: bytes,
  startMs: z.number().describe('Where it begins in the replay'),
  epochMs: z.number().describe('When that was, ms since the epoch'),
});

export const recordingSchema = z.object({
  id: z.string(),
  roomId: z.string().optional().describe('Left out when it was uploaded'),
  userId: z.string().nullable().describe('The account that owns it; null in a room made without one'),
  title: z.string(),
  state: z
    .enum(['recording', 'processing', 'ready', 'failed'])
    .describe('processing: its files are read and moved to where they stay. failed: there is nothing to play'),
  published: z
    .boolean()
    .describe('Whether everybody who may see the room may see it; else its owner and administrators'),
  startedAt: z.number().describe('ms since the epoch'),
  durationMs: z.number(),
  sizeBytes: bytes,
  poster: z.string().optional().describe('Path of a JPEG'),
  parts: z.array(recordingPartSchema).describe('Its files: a new one after every gap, and when one became long'),
  timeBase: z
    .array(z.object({ mediaMs: z.number(), epochMs: z.number() }))
    .describe('When each stretch of the replay took place: from `mediaMs` on, time runs on from `epochMs`'),
  owner: userSummarySchema.optional(),
  replayUrl: z.string().optional().describe('Path of an HLS playlist, once it is ready'),
  downloadUrls: z.array(z.string()).optional().describe('Path of each part, a fragmented MP4, once it is ready'),
});
export type Recording = z.output<typeof recordingSchema>;
export type RecordingPart = z.output<typeof recordingPartSchema>;
export const recordingsSchema = z.array(recordingSchema);

export const switchRecordingSchema = z.object({ on: z.boolean() });
export const recordingSwitchSchema = z.object({
  on: z.boolean().describe('Whether the broadcast is recorded from now on, or as soon as it is live'),
});

export const updateRecordingSchema = z.object({ title: titleSchema, published: z.boolean() }).partial();
export type UpdateRecordingInput = z.output<typeof updateRecordingSchema>;

const page = z.coerce.number().int().min(1).max(1_000_000).default(1);
const pageSize = z.coerce.number().int().min(1).max(200).default(50);
const token = z
  .string()
  .max(500)
  .optional()
  .describe('Play token of a private room, owner token, or what a signed address has');

export const roomParamsSchema = z.object({ roomId: z.string().max(64) });
export const recordingParamsSchema = z.object({ id: idSchema });
export const partParamsSchema = z.object({ id: idSchema, n: z.coerce.number().int().min(1).max(1_000_000) });
/** `12.mp4`. */
export const replayFileParamsSchema = z.object({ id: idSchema, file: z.string().regex(/^\d{1,6}\.mp4$/) });
export const proofQuerySchema = z.object({ token });
export const roomRecordingsQuerySchema = z.object({ page, pageSize, token });
export const recordingsQuerySchema = z.object({
  page,
  pageSize,
  userId: z.string().max(64).optional().describe('Of one account; all of them when it is the caller'),
});
export type RecordingsQuery = z.output<typeof recordingsQuerySchema>;
export const successSchema = z.object({ success: z.literal(true) });

/** What recording suffers from. The room's quota is its owner's matter, the others the operator's. */
export const alarmCodeSchema = z.enum(['disk_low', 'total_quota', 'room_quota', 'bucket_failing', 'folder_failing']);
export type AlarmCode = z.output<typeof alarmCodeSchema>;
export const alarmSchema = z.object({
  code: alarmCodeSchema.describe(
    'disk_low, total_quota, room_quota: nothing is recorded (there) before something is deleted. bucket_failing: files wait here. folder_failing: nothing can be written',
  ),
  subject: z.string().optional().describe('The public stream name whose quota is used up'),
  since: z.number().describe('ms since the epoch'),
});
export type Alarm = z.output<typeof alarmSchema>;

export const storageSchema = z.object({
  folder: z.object({
    path: z.string(),
    freeBytes: bytes,
    totalBytes: bytes,
    minFreeBytes: bytes.describe('Left free: below it the oldest go'),
    usedBytes: bytes.describe('By recordings'),
  }),
  bucket: z
    .object({ name: z.string(), usedBytes: bytes, waitingParts: z.number().describe('Files that are not there yet') })
    .optional(),
  usedBytes: bytes.describe('By recordings, wherever they are'),
  totalQuotaBytes: bytes.describe('0 is no limit'),
  roomQuotaBytes: bytes.describe('0 is no limit'),
  keepDays: z.number().describe('0 keeps them'),
  rooms: z
    .array(
      z.object({
        playId: z.string().describe('A room, or a channel with all its rooms'),
        userId: z.string().nullable(),
        title: z.string(),
        recordings: z.number(),
        sizeBytes: bytes,
      }),
    )
    .describe('Those that use most, at most 100'),
  forecast: z.object({
    bytesPerDay: bytes.describe('Recorded a day, of the last week'),
    daysUntilFull: z.number().nullable().describe('Before old ones have to go; null while nothing grows'),
  }),
  alarms: z.array(alarmSchema),
});
export type Storage = z.output<typeof storageSchema>;

const about = z.object({ id: z.string(), roomId: z.string().optional() });

/** Payloads of the events on `room:ID`, and of what was uploaded on its owner's `user`. No title: what is not published is its owner's. */
export const recordingEventSchemas = {
  'recording.started': about,
  'recording.ready': about.extend({ published: z.boolean() }),
  'recording.updated': about.extend({ published: z.boolean() }),
  'recording.deleted': about,
} as const;
export type RecordingEvent = keyof typeof recordingEventSchemas;

export const RECORDING_ALARM = 'recording.alarm';
/** Payloads of the events on `user`: of administrators, and of the owner whose quota it is. */
export const recordingUserEventSchemas = {
  [RECORDING_ALARM]: alarmSchema.extend({ on: z.boolean().describe('false: it is over') }),
};

/** A video that was uploaded, as far as whoever uploaded it is concerned. */
export interface ShelvedVideo {
  id: string;
  title: string;
  state: 'processing' | 'ready' | 'failed';
  published: boolean;
  durationMs: number;
  sizeBytes: number;
  /** Path of a JPEG. */
  poster: string | undefined;
}

/** A path that needs no login. */
export interface SignedAddress {
  url: string;
  /** ms since the epoch. */
  expiresAt: number;
}

/** How uploaded videos become replays, of their owner and of no room. Implemented by `shelf.ts`. */
export interface ReplayShelf {
  /** Where the files of a recording go on this node; whoever makes them may empty it before `add`. */
  folderOf(id: string): string;
  freeBytes(): Promise<number>;
  /** What its folder holds becomes a recording that is not published; true also when it is one already. False: there is nothing in it. */
  add(video: { id: string; userId: string; title: string; atMs: number }): Promise<boolean>;
  /** Those that are there. */
  findMany(ids: readonly string[]): Promise<Map<string, ShelvedVideo>>;
  /** @throws AppError recording_not_found, forbidden */
  publish(caller: Caller, id: string, title: string | undefined): Promise<Recording>;
  /** An address of its file for a while. @throws AppError recording_not_found, recording_not_ready */
  address(caller: Caller, id: string): Promise<SignedAddress>;
  /** Nothing when it is gone. */
  remove(id: string, why: string): Promise<void>;
}

/** What other modules ask of recordings. */
export interface RecordingLookup {
  /** Published ones of public rooms, of people who are not banned, whose title has it in it; the newest first. */
  search(q: string, limit: number): Promise<Recording[]>;
  /**
   * The room of a recording that the caller may see; undefined when it was uploaded.
   * @throws AppError recording_not_found, room_private, banned_from_room
   */
  roomOf(caller: Caller, recordingId: string, token?: string): Promise<string | undefined>;
  /** As the caller may see it. @throws AppError as `roomOf` */
  get(caller: Caller, recordingId: string, token?: string): Promise<Recording>;
}
