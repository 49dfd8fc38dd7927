import { useDocumentVisibility, useRafFn } from '@vueuse/core';
import { ref, watch } from 'vue';
import { AudioLevel } from './audio-level.ts';

/** So long without a sound, and something is wrong with the microphone. */
const SILENT_MS = 6_000;

/**
 * Calls `draw` with level and peak, 0 to 1, for every picture of the screen, and rests while nobody sees it. Tells when
 * nothing is heard for a while, and when something is again.
 */
export function useLevelMeter(
  samples: () => Float32Array | null,
  draw: (level: number, peak: number) => void,
  onSilent: (isSilent: boolean) => void,
): void {
  const isSilent = ref(false);
  const visibility = useDocumentVisibility();
  let meter = new AudioLevel();

  const { pause, resume } = useRafFn(({ timestamp }) => {
    const heard = samples();
    if (heard === null) meter = new AudioLevel();
    else meter.update(heard, timestamp);
    isSilent.value = heard !== null && meter.silentMs(timestamp) > SILENT_MS;
    draw(meter.level, meter.peak);
  });

  watch(visibility, (now) => {
    meter = new AudioLevel();
    if (now === 'hidden') pause();
    else resume();
  });
  watch(isSilent, onSilent);
}
