import { useIntervalFn } from '@vueuse/core';

const POLL_MS = 2_000;

/** Asks again and again while the room may have a publisher, because bitrate and frame rate come by no channel. */
export function useHealth(active: () => boolean, reload: () => Promise<void>): void {
  let asking = false;
  useIntervalFn(() => {
    if (asking || document.hidden || !active()) return;
    asking = true;
    void reload().finally(() => (asking = false));
  }, POLL_MS);
}
