import type { TimeBasePoint } from '@kaibo/client';
import { computed } from 'vue';
import type { ComputedRef, Ref } from 'vue';

/** What time it was, in the broadcast, when what is shown now was made: by it whatever happened then is shown again. */
export interface ReplayClock {
  /** Position in the replay. */
  mediaMs: Readonly<Ref<number>>;
  /** ms since the epoch; null while the replay's time base is not known. */
  epochMs: ComputedRef<number | null>;
  /** The same for any other position. */
  epochAt(mediaMs: number): number | null;
}

export function useReplayClock(mediaMs: Readonly<Ref<number>>, timeBase: () => readonly TimeBasePoint[]): ReplayClock {
  const at = (position: number): number | null => epochAt(timeBase(), position);
  return { mediaMs, epochMs: computed(() => at(mediaMs.value)), epochAt: at };
}

/** The wall clock runs with the replay from each point of the time base up to the next, where it may jump. */
export function epochAt(timeBase: readonly TimeBasePoint[], mediaMs: number): number | null {
  const point = timeBase.findLast((candidate) => candidate.mediaMs <= mediaMs) ?? timeBase[0];
  return point ? point.epochMs + (mediaMs - point.mediaMs) : null;
}

/** Less is not noticed by anybody. */
const MIN_GAP_MS = 1_500;

/** Where the broadcast was interrupted: positions at which the wall clock jumps. */
export function gapsOf(timeBase: readonly TimeBasePoint[]): number[] {
  return timeBase.flatMap((point, index) => {
    const before = timeBase[index - 1];
    if (!before) return [];
    const jumpMs = point.epochMs - before.epochMs - (point.mediaMs - before.mediaMs);
    return Math.abs(jumpMs) >= MIN_GAP_MS ? [point.mediaMs] : [];
  });
}
