import { setImmediate } from 'node:timers/promises';
import type { LogStore } from './log-store.ts';

const DAY_MS = 86_400_000;
const STEP_ROWS = 500;
/** In one round; what is left is done in the next. */
const MAX_STEPS = 200;

export interface SweeperOptions {
  keepDays: number;
  maxRows: number;
}

/** One round: what is too old goes, and the oldest of too many, a step at a time. */
export async function sweepLogs(
  store: Pick<LogStore, 'count' | 'outdated' | 'remove'>,
  { keepDays, maxRows, now }: SweeperOptions & { now: () => number },
): Promise<void> {
  let rows = await store.count();
  for (let step = 0; step < MAX_STEPS; step++) {
    const ids = await store.outdated({
      before: now() - keepDays * DAY_MS,
      excess: Math.max(0, rows - maxRows),
      limit: STEP_ROWS,
    });
    if (ids.length === 0) return;
    await store.remove(ids);
    rows -= ids.length;
    await setImmediate();
  }
}
