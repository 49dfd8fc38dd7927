/** Seconds of the replay under a pointer at `clientX`, on a bar that spans all of it. */
export function secondsAt(clientX: number, bar: { left: number; width: number }, durationS: number): number {
  if (bar.width === 0) return 0;
  return Math.min(1, Math.max(0, (clientX - bar.left) / bar.width)) * durationS;
}
