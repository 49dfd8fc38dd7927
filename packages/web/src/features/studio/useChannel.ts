import type { Room } from '@kaibo/client';
import { computed, shallowRef, watch } from 'vue';
import type { ComputedRef, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';

const MAX_LISTED = 20;

export interface ChannelRooms {
  /** The newest rooms of whoever is logged in; null before the first answer. */
  rooms: ShallowRef<readonly Room[] | null>;
  /** The one that is live, else the one that waits for a picture. */
  current: ComputedRef<Room | undefined>;
  hasStreamed: ComputedRef<boolean>;
}

/** The rooms of one's own channel, as far as an overview needs them. */
export function useChannel(): ChannelRooms {
  const account = useAccount();
  const rooms = shallowRef<readonly Room[] | null>(null);

  async function load(userId: string): Promise<void> {
    // Without an answer the overview does without: what it is about comes by other calls.
    const found = await api.rooms.list({ userId, pageSize: MAX_LISTED }).catch(() => ({ rooms: [] }));
    if (account.user?.id === userId) rooms.value = found.rooms;
  }

  watch(
    () => account.user?.id,
    (id) => id !== undefined && void load(id),
    { immediate: true },
  );

  const withStatus = (status: Room['status']): Room | undefined => rooms.value?.find((room) => room.status === status);
  return {
    rooms,
    current: computed(() => withStatus('live') ?? withStatus('preparing')),
    hasStreamed: computed(() => rooms.value?.some(({ startTime }) => startTime !== undefined) ?? false),
  };
}
