import type { Goal } from '@kaibo/client';
import { shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';

/** What the channel of a room collects for, kept current by its events; null without a goal. */
export function useGoal(events: RoomEvents): ShallowRef<Goal | null> {
  const owned = useOwnedRooms();
  const goal = shallowRef<Goal | null>(null);
  let news = 0;

  async function ask(): Promise<void> {
    const before = news;
    const ownerToken = owned.tokenOf(events.roomId);
    try {
      const found = await api.overlays.goal(events.roomId, { ownerToken, playToken: events.token() });
      // What came meanwhile is newer.
      if (before === news) goal.value = found;
    } catch {
      // Whoever may not see the room is told by the room itself; the next event or snapshot says more.
    }
  }

  events.on<{ goal: Goal | null }>('goal.updated', (told) => {
    news++;
    goal.value = told.goal;
  });
  // At first, and whenever events were lost.
  events.listen('room', ({ kind }) => void (kind === 'snapshot' && ask()));
  return goal;
}
