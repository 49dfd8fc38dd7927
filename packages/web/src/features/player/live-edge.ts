/** How far behind the newest buffered picture the player wants to be. */
export const TARGET_DELAY_S = 0.6;
/** Above this mpegts.js plays a little faster until the target is reached. */
export const MAX_DELAY_S = 1.2;
export const CATCH_UP_RATE = 1.15;
/** Above this playing faster would take too long: jump. */
export const JUMP_DELAY_S = 3.5;
/** Stuck with this much ahead means a hole in the buffer, which only a jump gets over. */
const HOLE_AHEAD_S = 0.4;
const HOLE_STUCK_MS = 1_200;

/** Seconds from `time` to the end of the last buffered range; 0 with nothing buffered. */
export function delayOf(buffered: Pick<TimeRanges, 'length' | 'end'>, time: number): number {
  if (buffered.length === 0) return 0;
  return Math.max(0, buffered.end(buffered.length - 1) - time);
}

/** Where to jump to come near the live edge, or null to stay. Times in seconds of the media. */
export function jumpTarget(at: { time: number; delay: number; stuckMs: number }): number | null {
  const inHole = at.stuckMs >= HOLE_STUCK_MS && at.delay > HOLE_AHEAD_S;
  if (at.delay <= JUMP_DELAY_S && !inHole) return null;
  return at.time + at.delay - Math.min(TARGET_DELAY_S, at.delay / 2);
}
