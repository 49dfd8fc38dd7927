import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { useRoute } from 'vue-router';

/** Where to go after logging in: the page that asked for it. Only a path of this site, whatever the address says. */
export function useNext(): ComputedRef<string> {
  const route = useRoute();
  return computed(() => safePath(route.query.next));
}

export function safePath(value: unknown): string {
  return typeof value === 'string' && /^\/(?![/\\])[^\\\s]*$/.test(value) ? value : '/';
}
