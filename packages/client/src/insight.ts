import type { Caller } from './caller.ts';
import { roomPath } from './rooms.ts';
import type { OwnerOptions } from './rooms.ts';
import type { UserSummary } from './users.ts';

/** How a broadcast went for one step. On `insight:ROOM` it comes as `room.sampled`, every 10 s. */
export interface RoomPoint {
  /** When the step began, ms since the epoch. */
  at: number;
  /** Distinct people who watched at one time. */
  viewers: number;
  bitrateBps?: number;
  fps?: number;
  keyframeIntervalMs?: number;
  /** Of publishers by WebRTC. */
  rttMs?: number;
  messages: number;
  coins: number;
}

export interface RoomSeries {
  /** 10 s while the room is live, else a minute. */
  stepMs: number;
  points: RoomPoint[];
}

/** What a broadcast came to. Times are ms since the epoch. */
export interface BroadcastSummary {
  roomId: string;
  title: string;
  startedAt: number;
  /** Absent while it is live. */
  endedAt?: number;
  durationMs: number;
  peakViewers: number;
  averageViewers: number;
  /** What all viewers watched together. */
  watchMs: number;
  /** Distinct people. */
  viewers: number;
  messages: number;
  chatters: number;
  newFollowers: number;
  coins: number;
  gifts: number;
  gifters: number;
  interruptions: number;
  topSupporters: { user: UserSummary; coins: number }[];
  recordingId?: string;
}

export interface InsightDay {
  /** YYYY-MM-DD. */
  day: string;
  broadcasts: number;
  durationMs: number;
  watchMs: number;
  peakViewers: number;
  messages: number;
  coins: number;
  newFollowers: number;
}

export interface ChannelInsight {
  /** Every day, the oldest first; today is the last. */
  days: InsightDay[];
  /** The newest 50 first. */
  broadcasts: BroadcastSummary[];
}

/** How broadcasts went, for their owner and for administrators. */
export class InsightApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  series(roomId: string, { ownerToken }: OwnerOptions = {}): Promise<RoomSeries> {
    return this.#caller.json(`${roomPath(roomId)}/series`, { ownerToken });
  }

  /** Refused with `room_not_live` before the broadcast began. */
  summary(roomId: string, { ownerToken }: OwnerOptions = {}): Promise<BroadcastSummary> {
    return this.#caller.json(`${roomPath(roomId)}/summary`, { ownerToken });
  }

  /** Of one's own channel. */
  channel(days: 7 | 30 | 90 = 7): Promise<ChannelInsight> {
    return this.#caller.json('/api/insight', { query: { days } });
  }
}
