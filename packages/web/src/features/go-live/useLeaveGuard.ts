import { useEventListener } from '@vueuse/core';
import { ref, watch } from 'vue';
import type { Ref } from 'vue';
import { onBeforeRouteLeave } from 'vue-router';

/**
 * Holds whoever is about to leave while `isActive`: a closing tab by the browser's own question, another page of the
 * app by `isAsking`, which is answered by `answer`.
 */
export function useLeaveGuard(isActive: () => boolean): { isAsking: Ref<boolean>; answer(leave: boolean): void } {
  const isAsking = ref(false);
  let settle: (leave: boolean) => void = () => {};

  useEventListener(window, 'beforeunload', (event: BeforeUnloadEvent) => {
    if (isActive()) event.preventDefault();
  });
  onBeforeRouteLeave(() => {
    if (!isActive()) return true;
    isAsking.value = true;
    return new Promise<boolean>((resolve) => (settle = resolve));
  });
  watch(isAsking, (asking) => asking || settle(false));

  function answer(leave: boolean): void {
    settle(leave);
    isAsking.value = false;
  }

  return { isAsking, answer };
}
