import type { SearchAnswer } from '@kaibo/client';
import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';

const LIMIT = 50;

export interface SearchState {
  /** Of the question that is asked now; null before its answer. */
  answer: ShallowRef<SearchAnswer | null>;
  error: ShallowRef<unknown>;
  busy: Ref<boolean>;
  ask(): Promise<void>;
}

/** What is found for a text; a new one leaves the old answer until it is answered. */
export function useSearch(text: () => string): SearchState {
  const answer = shallowRef<SearchAnswer | null>(null);
  const error = shallowRef<unknown>(null);
  const busy = ref(false);
  let asking: AbortController | null = null;

  async function ask(): Promise<void> {
    asking?.abort();
    const q = text();
    if (q === '') {
      [answer.value, error.value, busy.value] = [null, null, false];
      return;
    }
    const mine = new AbortController();
    asking = mine;
    busy.value = true;
    try {
      answer.value = await api.search.find(q, { limit: LIMIT, signal: mine.signal });
      error.value = null;
    } catch (reason) {
      if (!mine.signal.aborted) error.value = reason;
    } finally {
      if (asking === mine) busy.value = false;
    }
  }

  watch(text, () => void ask(), { immediate: true });
  return { answer, error, busy, ask };
}
