import { useIntersectionObserver } from '@vueuse/core';
import { computed, ref } from 'vue';
import type { ComputedRef, Ref } from 'vue';

/** Less of the picture than that is as good as none. */
const IN_SIGHT = 0.2;

export interface MiniPlayer {
  active: ComputedRef<boolean>;
  /** Until the picture's own place was seen again. */
  close(): void;
  /** To the picture's own place. */
  back(): void;
}

/** Whether the picture goes along in a corner, because its own place (`box`) was scrolled away. */
export function useMiniPlayer(box: Readonly<Ref<HTMLElement | null>>, wanted: () => boolean): MiniPlayer {
  const away = ref(false);
  const closed = ref(false);
  useIntersectionObserver(
    box,
    (entries) => {
      const ratio = entries.at(-1)?.intersectionRatio ?? 1;
      away.value = ratio < IN_SIGHT;
      if (!away.value) closed.value = false;
    },
    { threshold: [IN_SIGHT] },
  );
  return {
    active: computed(() => away.value && !closed.value && wanted()),
    close: () => (closed.value = true),
    back: () => window.scrollTo({ top: 0, behavior: 'smooth' }),
  };
}
