import { KaiboError } from '@kaibo/client';
import { onMounted, ref } from 'vue';
import type { Ref } from 'vue';
import { api } from '../../api.ts';
import type { RoomPhase } from '../../composables/useRoom.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';

/** Rooms asked about when the list opens; older ones are shown without a status. */
const MAX_ASKED = 12;

/** What became of the rooms made in this browser, by id. A room that the server no longer knows counts as ended. */
export function useOwnedStatus(): Ref<Record<string, RoomPhase>> {
  const owned = useOwnedRooms();
  const phases = ref<Record<string, RoomPhase>>({});

  async function ask(id: string): Promise<void> {
    try {
      const room = await api.rooms.get(id, { ownerToken: owned.tokenOf(id) });
      phases.value[id] = room.status === 'live' && room.interrupted ? 'interrupted' : room.status;
    } catch (error) {
      if (error instanceof KaiboError && error.status === 404) phases.value[id] = 'ended';
    }
  }

  onMounted(() => owned.rooms.slice(0, MAX_ASKED).forEach((room) => void ask(room.id)));
  return phases;
}
