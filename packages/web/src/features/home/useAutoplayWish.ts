import { useMediaQuery } from '@vueuse/core';
import { computed } from 'vue';
import type { ComputedRef } from 'vue';

/** Whether a picture may begin to move by itself: not where movement or data are to be saved. */
export function useAutoplayWish(): ComputedRef<boolean> {
  const reducedMotion = useMediaQuery('(prefers-reduced-motion: reduce)');
  const reducedData = useMediaQuery('(prefers-reduced-data: reduce)');
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  return computed(() => !reducedMotion.value && !reducedData.value && connection?.saveData !== true);
}
