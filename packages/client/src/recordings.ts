import type { Caller } from './caller.ts';
import { readJson } from './http.ts';
import type { HttpRequest } from './http.ts';
import { roomPath } from './rooms.ts';
import type { GetRoomOptions, OwnerOptions } from './rooms.ts';
import type { PageQuery, UserSummary } from './users.ts';

/** `processing` is between the end of the broadcast and the replay; `failed` left nothing that plays. */
export type RecordingState = 'recording' | 'processing' | 'ready' | 'failed';

/** One file of a recording: the next begins by size or time, at a change of codec, and after an interruption. */
export interface RecordingPart {
  /** From 1. */
  n: number;
  durationMs: number;
  sizeBytes: number;
  /** In the replay's time. */
  startMs: number;
  /** Wall clock at which it begins, ms since the epoch. */
  epochMs: number;
}

/** From `mediaMs` of the replay on, up to the next one, the wall clock is `epochMs + (t - mediaMs)`. */
export interface TimeBasePoint {
  mediaMs: number;
  /** ms since the epoch. */
  epochMs: number;
}

/** What was kept of a broadcast, or a video that was uploaded. */
export interface Recording {
  id: string;
  /** Left out when it was uploaded. */
  roomId?: string;
  /** The account that owns it; null for a room made without one. */
  userId: string | null;
  owner?: UserSummary;
  title: string;
  state: RecordingState;
  /** Everybody who may see the room may see it; else its owner and administrators. */
  published: boolean;
  /** ms since the epoch. */
  startedAt: number;
  durationMs: number;
  sizeBytes: number;
  /** Path of a JPEG. */
  poster?: string;
  parts: RecordingPart[];
  timeBase: TimeBasePoint[];
  /** Path of an HLS playlist, once it is ready. */
  replayUrl?: string;
  /** Path of each part, a fragmented MP4, once it is ready. */
  downloadUrls?: string[];
}

export interface RecordingPage {
  recordings: Recording[];
  /** Over all pages. */
  total: number;
}

/** Sizes are in bytes, times ms since the epoch. A quota of 0 is no limit. */
export interface StorageReport {
  folder: { path: string; freeBytes: number; totalBytes: number; minFreeBytes: number; usedBytes: number };
  /** Where finished recordings are moved to, if anywhere. */
  bucket?: { name: string; usedBytes: number; waitingParts: number };
  usedBytes: number;
  totalQuotaBytes: number;
  roomQuotaBytes: number;
  keepDays: number;
  /** Those that use most. */
  rooms: { playId: string; userId: string | null; title: string; recordings: number; sizeBytes: number }[];
  /** `daysUntilFull` is null while nothing grows. */
  forecast: { bytesPerDay: number; daysUntilFull: number | null };
  /** `disk_low`, `total_quota`, `room_quota`, `bucket_failing`, `folder_failing`. Newer servers may know more. */
  alarms: { code: string; subject?: string; since: number }[];
}

/** Recordings and their replays. */
export class RecordingsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Published ones, the newest first; one's own all of them. */
  list(query: PageQuery & { userId?: string } = {}): Promise<RecordingPage> {
    return this.#page('/api/recordings', { query: { ...query } });
  }

  /** What was kept of one room, the newest first: for its owner all of it. */
  ofRoom(
    roomId: string,
    { ownerToken, playToken, signal, page, pageSize }: GetRoomOptions & PageQuery = {},
  ): Promise<RecordingPage> {
    const query = { page, pageSize, token: playToken };
    return this.#page(`${roomPath(roomId)}/recordings`, { ownerToken, signal, query });
  }

  get(id: string, { ownerToken, playToken, signal }: GetRoomOptions = {}): Promise<Recording> {
    return this.#caller.json(recordingPath(id), { ownerToken, signal, query: { token: playToken } });
  }

  update(
    id: string,
    input: { title?: string; published?: boolean },
    { ownerToken }: OwnerOptions = {},
  ): Promise<Recording> {
    return this.#caller.json(recordingPath(id), { method: 'PATCH', body: input, ownerToken });
  }

  /** For good, with its files. */
  async remove(id: string, { ownerToken }: OwnerOptions = {}): Promise<void> {
    await this.#caller.send(recordingPath(id), { method: 'DELETE', ownerToken });
  }

  /** Of a room that is live, or as soon as it is. Refused with `recording_off` where its mode is `never`. */
  start(roomId: string, options: OwnerOptions = {}): Promise<{ on: boolean }> {
    return this.#switch(roomId, true, options);
  }

  stop(roomId: string, options: OwnerOptions = {}): Promise<{ on: boolean }> {
    return this.#switch(roomId, false, options);
  }

  /** What recordings take and how long that will go on, for administrators. */
  storage(): Promise<StorageReport> {
    return this.#caller.json('/api/admin/storage');
  }

  async #page(path: string, request: HttpRequest): Promise<RecordingPage> {
    const response = await this.#caller.send(path, request);
    const recordings = await readJson<Recording[]>(response);
    return { recordings, total: Number(response.headers.get('x-total-count') ?? recordings.length) };
  }

  #switch(roomId: string, on: boolean, { ownerToken }: OwnerOptions): Promise<{ on: boolean }> {
    return this.#caller.json(`${roomPath(roomId)}/recording`, { method: 'POST', body: { on }, ownerToken });
  }
}

function recordingPath(id: string): string {
  return `/api/recordings/${encodeURIComponent(id)}`;
}
