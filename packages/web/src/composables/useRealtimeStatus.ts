import { createSharedComposable, tryOnScopeDispose } from '@vueuse/core';
import { ref } from 'vue';
import { realtime } from '../api.ts';

export const useRealtimeStatus = createSharedComposable(() => {
  const status = ref(realtime.status);
  const stop = realtime.onStatus((next) => (status.value = next));
  tryOnScopeDispose(stop);
  return status;
});
