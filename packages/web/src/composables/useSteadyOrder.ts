import { useDocumentVisibility, useIntervalFn } from '@vueuse/core';
import { computed, shallowRef, watch } from 'vue';
import type { ComputedRef } from 'vue';

const SORT_EVERY_MS = 20_000;

/**
 * What is sorted by numbers that change every second, in an order that does not: it is sorted anew now and then, while
 * nobody points at it. What is new comes last until then, and what is gone is gone at once.
 */
export function useSteadyOrder<Item extends { id: string }>(
  sorted: () => readonly Item[],
  isPointedAt: () => boolean,
): ComputedRef<Item[]> {
  const order = shallowRef<readonly string[]>([]);
  const visibility = useDocumentVisibility();

  watch(
    () => sorted(),
    (items) => {
      const there = new Set(items.map(({ id }) => id));
      const kept = order.value.filter((id) => there.delete(id));
      if (there.size > 0 || kept.length < order.value.length) order.value = [...kept, ...there];
    },
    { immediate: true },
  );
  useIntervalFn(() => {
    if (visibility.value === 'visible' && !isPointedAt()) order.value = sorted().map(({ id }) => id);
  }, SORT_EVERY_MS);

  return computed(() => {
    const rest = new Map(sorted().map((item) => [item.id, item]));
    const known = order.value.map((id) => rest.get(id)).filter((item) => item !== undefined);
    for (const { id } of known) rest.delete(id);
    return [...known, ...rest.values()];
  });
}
