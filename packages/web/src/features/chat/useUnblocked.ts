import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { useBlockedPeople } from '../../stores/blocked-people.ts';
import type { ChatLine } from './message-list.ts';

/** The lines without those of people whom this viewer does not want to hear. */
export function useUnblocked(lines: () => readonly ChatLine[]): ComputedRef<readonly ChatLine[]> {
  const blocked = useBlockedPeople();
  return computed(() => {
    if (blocked.set.size === 0) return lines();
    return lines().filter((line) => line.kind !== 'message' || !blocked.set.has(line.message.person));
  });
}
