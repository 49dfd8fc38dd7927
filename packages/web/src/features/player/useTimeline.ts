import type { Room } from '@kaibo/client';
import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { useClock } from '../../composables/useClock.ts';
import { MIN_BACK_S } from './live-player.ts';
import type { PlayerControls } from './usePlayer.ts';

/** How far back a server lets its viewers go when it does not say. */
const USUAL_WINDOW_MS = 60_000;

export interface Timeline {
  /** How far back one can go, in seconds; 0 where there is no past. */
  windowS: ComputedRef<number>;
  /** Where the viewer is, in seconds behind the newest picture; 0 is live. */
  behindS: ComputedRef<number>;
  moveTo(behindS: number): void;
  /** Negative to go back in time. */
  moveBy(seconds: number): void;
  goToStart(): void;
}

/** The recent past of a room, as far as its viewers can go back. */
export function useTimeline(player: PlayerControls, room: () => Room): Timeline {
  const { state, paused } = player;
  const clock = useClock();

  const windowS = computed(() => {
    const { playUrls, startTime, dvrWindowMs = USUAL_WINDOW_MS } = room();
    if (!playUrls.hls || startTime === undefined) return 0;
    return state.pastS || Math.max(0, Math.min(dvrWindowMs, clock.value.getTime() - startTime)) / 1000;
  });
  const behindS = computed(() => {
    const isBehind = state.isBack || (paused.value && state.phase === 'playing');
    return isBehind ? Math.min(state.delayS, windowS.value) : 0;
  });

  function moveTo(target: number): void {
    if (target < MIN_BACK_S) player.goLive();
    else if (windowS.value >= MIN_BACK_S) player.goBack(Math.min(target, windowS.value));
  }

  return {
    windowS,
    behindS,
    moveTo,
    // From what is seen: what counts as live may be some seconds old.
    moveBy: (seconds) => moveTo((behindS.value || state.delayS) - seconds),
    goToStart: () => moveTo(windowS.value),
  };
}

/** `1:05` behind. */
export function clockText(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
