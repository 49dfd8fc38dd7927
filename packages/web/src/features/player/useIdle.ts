import { useTimeoutFn } from '@vueuse/core';
import { ref } from 'vue';

const IDLE_MS = 2_600;

/** Whether nobody touched the player for a while, so that its controls can leave the picture. */
export function useIdle() {
  const idle = ref(false);
  const { start } = useTimeoutFn(() => (idle.value = true), IDLE_MS);

  function touch(): void {
    idle.value = false;
    start();
  }

  return { idle, touch };
}
