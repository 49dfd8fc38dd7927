/** How far a goal is, 0 to 100; more than all of it stays all of it, and all of it is said only when it is reached. */
export function percentOf({ progress, target }: { progress: number; target: number }): number {
  if (progress >= target) return 100;
  return Math.max(0, Math.min(99, Math.round((progress / target) * 100)));
}
