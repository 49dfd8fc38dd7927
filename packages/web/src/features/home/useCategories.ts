import { computed, onScopeDispose, shallowRef } from 'vue';
import type { ComputedRef, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { CATEGORIES } from '../../categories.ts';
import { useRooms } from '../../stores/rooms.ts';

export interface CategoryCount {
  category: string;
  live: number;
}

/** The categories that there are, with how many are live in each: those that are used first, then the rest of ours. */
export function useCategories(): {
  categories: ComputedRef<CategoryCount[]>;
  error: ShallowRef<unknown>;
  load(): Promise<void>;
} {
  const rooms = useRooms();
  const used = shallowRef<{ category: string; live: number }[]>([]);
  const error = shallowRef<unknown>(null);

  async function load(): Promise<void> {
    try {
      [used.value, error.value] = [await api.rooms.categories(), null];
    } catch (reason) {
      error.value = reason;
    }
  }

  const categories = computed(() => {
    const counts = new Map<string, number>(CATEGORIES.map((category) => [category, 0]));
    for (const { category, live } of used.value) counts.set(category, rooms.isWhole && rooms.loaded ? 0 : live);
    if (rooms.isWhole && rooms.loaded)
      for (const { category } of rooms.live) if (category) counts.set(category, (counts.get(category) ?? 0) + 1);
    return [...counts].map(([category, live]) => ({ category, live })).sort((a, b) => b.live - a.live);
  });

  onScopeDispose(rooms.watchRooms());
  void load();
  return { categories, error, load };
}
