import type { Selectable } from 'kysely';
import type { RoomMinuteTable, RoomPointTable } from '../../database/tables/insight.ts';

export type PointRow = Selectable<RoomPointTable>;
export type MinuteRow = Selectable<RoomMinuteTable>;

export const STEP_MS = 10_000;
export const MINUTE_MS = 60_000;
/** A point speaks for itself and for what is missing after it, up to this: a node may have died and another taken over. */
export const SPEAKS_FOR_MS = 30_000;

/** When a broadcast was live, ms since the epoch. */
export interface Span {
  startMs: number;
  /** Infinity while it is. */
  endMs: number;
}

export type DerivedMinute = Omit<MinuteRow, 'user_id'>;

interface Stretch {
  fromMs: number;
  toMs: number;
}

/**
 * The minutes from `fromMs` on of a room, by its points, the oldest first: always the same of the same points. What is
 * watched is viewers by time, and each point's time ends where the next begins.
 */
export function deriveMinutes(points: readonly PointRow[], span: Span, fromMs: number): DerivedMinute[] {
  const minutes = new Map<number, { points: PointRow[]; watchMs: number; coveredMs: number; peak: number }>();
  const minuteAt = (at: number) => {
    const minute = at - (at % MINUTE_MS);
    const known = minutes.get(minute) ?? { points: [], watchMs: 0, coveredMs: 0, peak: 0 };
    minutes.set(minute, known);
    return known;
  };
  for (const [index, point] of points.entries()) {
    minuteAt(point.at).points.push(point);
    for (const { fromMs: from, toMs } of stretches(point, { next: points[index + 1], span })) {
      const minute = minuteAt(from);
      minute.watchMs += point.viewers * (toMs - from);
      minute.coveredMs += toMs - from;
      minute.peak = Math.max(minute.peak, point.viewers);
    }
  }
  return [...minutes]
    .filter(([at]) => at >= fromMs)
    .sort(([one], [other]) => one - other)
    .map(([at, { points: within, watchMs, coveredMs, peak }]) => ({
      room_id: points[0]?.room_id ?? '',
      at,
      viewers: coveredMs === 0 ? 0 : Math.round(watchMs / coveredMs),
      peak_viewers: peak,
      watch_ms: watchMs,
      bitrate_bps: mean(within, 'bitrate_bps'),
      fps_milli: mean(within, 'fps_milli'),
      keyframe_interval_ms: mean(within, 'keyframe_interval_ms'),
      rtt_ms: mean(within, 'rtt_ms'),
      messages: sum(within, 'messages'),
      coins: sum(within, 'coins'),
    }));
}

/** What a point speaks for, cut where minutes begin. */
function stretches(point: PointRow, { next, span }: { next: PointRow | undefined; span: Span }): Stretch[] {
  const untilMs = next === undefined ? point.at + STEP_MS : Math.min(next.at, point.at + SPEAKS_FOR_MS);
  const endMs = Math.min(untilMs, span.endMs);
  const cut: Stretch[] = [];
  for (let fromMs = Math.max(point.at, span.startMs); fromMs < endMs;) {
    const toMs = Math.min(endMs, fromMs - (fromMs % MINUTE_MS) + MINUTE_MS);
    cut.push({ fromMs, toMs });
    fromMs = toMs;
  }
  return cut;
}

/** Of those in which it is known; null when it is known in none. */
function mean(
  points: readonly PointRow[],
  field: 'bitrate_bps' | 'fps_milli' | 'keyframe_interval_ms' | 'rtt_ms',
): number | null {
  const known = points.map((point) => point[field]).filter((value) => value !== null);
  return known.length === 0 ? null : Math.round(known.reduce((total, value) => total + value, 0) / known.length);
}

function sum(points: readonly PointRow[], field: 'messages' | 'coins'): number {
  return points.reduce((total, point) => total + point[field], 0);
}
