import type { Database } from '../../database/database.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { StreamBoard } from '../monitor/contract.ts';
import { insightChannelOf, ROOM_SAMPLED, type RoomPoint } from './contract.ts';
import { deriveMinutes, MINUTE_MS, SPEAKS_FOR_MS, STEP_MS, type PointRow } from './derive.ts';
import type { InsightStore, SampledRoom } from './store.ts';

/** After the end of a step: what was said and given in it is committed by then. */
const SETTLED_MS = 1500;
/** A node that begins to sample makes the minutes anew that the one before may not have come to. */
const LOOK_BACK_MS = 30 * MINUTE_MS;

export interface RoomSamplerDeps {
  database: Database;
  store: InsightStore;
  state: StateCenter;
  board: StreamBoard;
  now: () => number;
}

/** Every 10 s a point of each room that is live, every minute the minute: by one node for all, and right if by two. */
export class RoomSampler {
  readonly #deps: RoomSamplerDeps;
  #sampledMs = -1;
  /** The minute up to which minutes are made; undefined before this node made any. */
  #minuteMs: number | undefined;

  constructor(deps: RoomSamplerDeps) {
    this.#deps = deps;
  }

  /** Another node samples from now on. */
  forget(): void {
    this.#minuteMs = undefined;
  }

  /** Does what is due. */
  async tick(): Promise<void> {
    const now = this.#deps.now() - SETTLED_MS;
    const toMs = now - (now % STEP_MS);
    if (toMs === this.#sampledMs) return;
    const range = { fromMs: toMs - STEP_MS, toMs };
    const rooms = await this.#deps.store.liveWithin(range);
    await this.#addPoints(rooms, range);
    this.#sampledMs = toMs;
    const minuteMs = toMs - (toMs % MINUTE_MS);
    if (minuteMs === this.#minuteMs) return;
    await this.#makeMinutes(rooms, minuteMs);
    this.#minuteMs = minuteMs;
  }

  async #addPoints(rooms: readonly SampledRoom[], range: { fromMs: number; toMs: number }): Promise<void> {
    if (rooms.length === 0) return;
    const { database, store, state, board } = this.#deps;
    const ids = rooms.map(({ id }) => id);
    const messages = await store.messages(ids, range);
    const coins = await store.coins(ids, range);
    const carried = board.carried();
    const points = rooms.map((room): PointRow => {
      const publishing = room.end_time === null ? carried.get(room.play_id)?.publishing : undefined;
      return {
        room_id: room.id,
        at: range.fromMs,
        viewers: room.viewer_count,
        bitrate_bps: rounded(publishing?.recvBps),
        fps_milli: rounded(publishing && publishing.fps * 1000),
        keyframe_interval_ms: rounded(publishing?.keyframeIntervalMs),
        rtt_ms: rounded(publishing?.rttMs),
        messages: messages.get(room.id) ?? 0,
        coins: coins.get(room.id) ?? 0,
      };
    });
    await database.transaction().execute((transaction) => store.addPoints(transaction, points));
    await Promise.all(
      points.map((point) => state.publishEphemeral(insightChannelOf(point.room_id), ROOM_SAMPLED, pointOf(point))),
    );
  }

  /** Those that are over by `untilMs`. The minute that just ended, and the one before: its last point speaks on. */
  async #makeMinutes(rooms: readonly SampledRoom[], untilMs: number): Promise<void> {
    const { database, store } = this.#deps;
    const fromMs = untilMs - (this.#minuteMs === undefined ? LOOK_BACK_MS : 2 * MINUTE_MS);
    const points = await store.pointsSince(fromMs - SPEAKS_FOR_MS);
    const minutes = rooms.flatMap((room) =>
      deriveMinutes(points.get(room.id) ?? [], { startMs: room.start_time, endMs: room.end_time ?? Infinity }, fromMs)
        .filter(({ at }) => at < untilMs)
        .map((minute) => ({ ...minute, user_id: room.user_id })),
    );
    if (minutes.length > 0)
      await database.transaction().execute((transaction) => store.putMinutes(transaction, minutes));
  }
}

/** A point, or a minute, as it is told. */
export function pointOf(row: PointRow): RoomPoint {
  return {
    at: row.at,
    viewers: row.viewers,
    ...(row.bitrate_bps === null ? {} : { bitrateBps: row.bitrate_bps }),
    ...(row.fps_milli === null ? {} : { fps: row.fps_milli / 1000 }),
    ...(row.keyframe_interval_ms === null ? {} : { keyframeIntervalMs: row.keyframe_interval_ms }),
    ...(row.rtt_ms === null ? {} : { rttMs: row.rtt_ms }),
    messages: row.messages,
    coins: row.coins,
  };
}

function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value);
}
