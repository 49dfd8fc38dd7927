import { useWakeLock } from '@vueuse/core';
import { watch } from 'vue';

/** Keeps the screen on while `isActive`: phones stop the camera when it goes dark. */
export function useAwake(isActive: () => boolean): void {
  const { request, release } = useWakeLock();
  // Refused with an empty battery, say; it goes on without.
  watch(isActive, (active) => void (active ? request('screen') : release()).catch(() => {}));
}
