import { useMediaQuery } from '@vueuse/core';
import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { usePreferences } from '../../stores/preferences.ts';

/** Whether a picture may begin to move by itself: not where movement or data are to be saved. */
export function useAutoplayWish(): ComputedRef<boolean> {
  const preferences = usePreferences();
  const reducedData = useMediaQuery('(prefers-reduced-data: reduce)');
  return computed(() => {
    return preferences.autoplay && !preferences.reducedMotion && !preferences.reducedData && !reducedData.value;
  });
}
