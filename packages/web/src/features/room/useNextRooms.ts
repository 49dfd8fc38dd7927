import type { Room } from '@kaibo/client';
import { shallowRef, watch } from 'vue';
import type { ShallowRef } from 'vue';
import { api } from '../../api.ts';

const MAX = 4;

/** Other rooms that are live, those with most viewers first; asked for once `wanted`. */
export function useNextRooms(except: string, wanted: () => boolean): ShallowRef<readonly Room[]> {
  const rooms = shallowRef<readonly Room[]>([]);

  async function load(): Promise<void> {
    // An offer beside something else: what cannot be asked for now is not offered.
    const page = await api.rooms.list({ status: 'live', sort: 'viewers', pageSize: MAX + 1 }).catch(() => null);
    rooms.value = page?.rooms.filter(({ id }) => id !== except).slice(0, MAX) ?? [];
  }

  watch(wanted, (now) => now && void load(), { immediate: true });
  return rooms;
}
