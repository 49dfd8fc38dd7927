import { useKeys, useShortcuts } from '../player/useShortcuts.ts';
import { SPEEDS } from './useReplayPlayer.ts';
import type { ReplayControls } from './useReplayPlayer.ts';

/** The player's keys, and those that only a recording has: its tenths by digits, and its speed. */
export function useReplayKeys(player: ReplayControls, toggleFullscreen: () => void): void {
  useShortcuts({
    togglePlay: player.togglePlay,
    toggleMute: player.toggleMute,
    toggleFullscreen,
    changeVolume: (by) => player.setVolume(player.volume.value + by),
    moveBy: (seconds) => player.seek(player.timeS.value + seconds),
    goToStart: () => player.seek(0),
    goLive: () => player.seek(player.durationS.value),
  });
  useKeys((key) => {
    if (/^\d$/.test(key)) return () => player.seek((Number(key) / 10) * player.durationS.value);
    if (key === '<' || key === '>') return () => player.setSpeed(nextSpeed(player.speed.value, key === '<' ? -1 : 1));
    return undefined;
  });
}

/** The next slower or faster one; the ends stay. */
export function nextSpeed(speed: number, step: -1 | 1): number {
  const index = SPEEDS.findIndex((known) => known === speed);
  return SPEEDS[index + step] ?? speed;
}
