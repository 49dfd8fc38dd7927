import { useTimeoutFn } from '@vueuse/core';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import type { RouteLocationRaw } from 'vue-router';
import type { Room, SearchAnswer } from '@kaibo/client';
import { api } from '../../api.ts';

/** One line under the field: where it leads, and what is shown of it. */
export type Suggestion = { key: string; to: RouteLocationRaw } & (
  | { kind: 'room'; room: Room }
  | { kind: 'user'; user: SearchAnswer['users'][number] }
);

/** Between keys, before it is asked for. */
const WAIT_MS = 180;
const OF_EACH = 4;

/** What is found while somebody types; an answer to an older question is dropped. */
export function useSuggestions(text: Readonly<Ref<string>>): {
  suggestions: ComputedRef<Suggestion[]>;
  clear(): void;
} {
  const found = shallowRef<Suggestion[]>([]);
  const asked = ref('');
  let asking: AbortController | null = null;

  async function ask(): Promise<void> {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const q = text.value.trim();
    if (q === '') return;
    // An offer beside the search itself: what cannot be asked for now is not offered.
    const answer = await api.search.find(q, { limit: OF_EACH, signal }).catch(() => null);
    if (answer === null || signal.aborted) return;
    found.value = linesOf(answer);
    asked.value = q;
  }

  const { start, stop } = useTimeoutFn(() => void ask(), WAIT_MS, { immediate: false });
  watch(text, () => {
    if (text.value.trim() === '') clear();
    else start();
  });

  function clear(): void {
    stop();
    asking?.abort();
    found.value = [];
  }

  onScopeDispose(() => asking?.abort());
  return { suggestions: computed(() => (text.value.trim() === '' ? [] : found.value)), clear };
}

function linesOf({ rooms, users }: SearchAnswer): Suggestion[] {
  return [
    ...users.map((user): Suggestion => {
      const to = { name: 'user', params: { username: user.username } };
      return { kind: 'user', key: `user-${user.id}`, to, user };
    }),
    ...rooms.map((room): Suggestion => {
      return { kind: 'room', key: `room-${room.id}`, to: { name: 'room', params: { id: room.id } }, room };
    }),
  ];
}
