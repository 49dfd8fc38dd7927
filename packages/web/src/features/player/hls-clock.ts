/** What the newest media playlist says of time. Seconds of the media, unless named otherwise. */
export interface PlaylistClock {
  /** Where the oldest segment begins. */
  oldestS: number;
  /** Where the newest part, or segment, ends. */
  edgeS: number;
  /** Since the playlist grew last, by the viewer's clock. */
  ageS: number;
  targetDurationS: number;
  /** Wall clock at `edgeS`, ms since the epoch, by PROGRAM-DATE-TIME. */
  edgeAtMs?: number;
}

/** A playlist that has not grown for so many target durations has a publisher that is away: nothing gets older. */
const SILENT_AFTER_TARGETS = 1.5;
/**
 * Packaging and delivery take no longer than this. What the date claims beyond is a difference between the clocks of
 * server and viewer.
 */
const MAX_DELIVERY_S = 2.5;

/** Where in the media it is now: the moment of which a picture would arrive without any delay. */
export function nowPosition({ edgeS, ageS, targetDurationS, edgeAtMs }: PlaylistClock, nowMs: number): number {
  const grownS = Math.min(ageS, targetDurationS * SILENT_AFTER_TARGETS);
  const deliveryS = edgeAtMs === undefined ? 0 : (nowMs - edgeAtMs) / 1000 - ageS;
  return edgeS + grownS + (deliveryS > 0 && deliveryS <= MAX_DELIVERY_S ? deliveryS : 0);
}

/** The oldest position that is safe to go to: the first segment may be gone before it is asked for. */
export function oldestPosition({ oldestS, edgeS, targetDurationS }: PlaylistClock): number {
  return Math.min(edgeS, oldestS + targetDurationS);
}
