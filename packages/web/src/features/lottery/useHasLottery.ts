import { ref } from 'vue';
import type { Ref } from 'vue';
import { api } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';

/** True once the room has a lottery, or had one: most never have, and need nothing of what shows one. */
export function useHasLottery(events: RoomEvents): Ref<boolean> {
  const account = useAccount();
  const owned = useOwnedRooms();
  const has = ref(false);

  async function look(): Promise<void> {
    await account.restore();
    const ownerToken = owned.tokenOf(events.roomId);
    try {
      const lotteries = await api.lotteries.ofRoom(events.roomId, { ownerToken, playToken: events.token() });
      if (lotteries.length > 0) has.value = true;
    } catch {
      // Whoever may not see the room is told by the room itself; the next event or snapshot tries again.
    }
  }

  events.on('lottery.started', () => (has.value = true));
  events.listen('room', ({ kind }) => void (kind === 'snapshot' && !has.value && look()));
  return has;
}
