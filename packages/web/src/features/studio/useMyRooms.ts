import { KaiboError } from '@kaibo/client';
import type { Room } from '@kaibo/client';
import { computed, ref, watch } from 'vue';
import type { ComputedRef } from 'vue';
import { api } from '../../api.ts';
import { phaseOf } from '../../composables/useRoom.ts';
import type { RoomPhase } from '../../composables/useRoom.ts';
import { useAccount } from '../../stores/account.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';

/** Rooms asked about one by one when the list opens; older ones are shown without a status. */
const MAX_ASKED = 12;
const MAX_LISTED = 30;

export interface MyRoom {
  id: string;
  title: string;
  cover?: string;
  /** Of what is live there. */
  poster?: string;
  /** ms since the epoch; unknown for rooms that were never live and made elsewhere. */
  at: number | undefined;
  phase: RoomPhase | undefined;
  /** Only remembered by this browser. */
  forgettable: boolean;
}

/** The rooms of the account, and those made in this browser without one. A room that the server no longer knows counts as ended. */
export function useMyRooms(): ComputedRef<MyRoom[]> {
  const account = useAccount();
  const owned = useOwnedRooms();
  const phases = ref<Record<string, RoomPhase>>({});
  const ofAccount = ref<Room[]>([]);

  async function ask(id: string): Promise<void> {
    try {
      phases.value[id] = phaseOf(await api.rooms.get(id, { ownerToken: owned.tokenOf(id) }));
    } catch (error) {
      if (error instanceof KaiboError && error.status === 404) phases.value[id] = 'ended';
    }
  }

  async function load(userId: string | undefined): Promise<void> {
    ofAccount.value = [];
    if (userId !== undefined) {
      // What cannot be asked now is simply not listed; the form beside it still works.
      const found = await api.rooms.list({ userId, pageSize: MAX_LISTED }).catch(() => null);
      if (account.user?.id === userId) ofAccount.value = found?.rooms ?? [];
    }
    const known = new Set(ofAccount.value.map(({ id }) => id));
    owned.rooms
      .filter(({ id }) => !known.has(id))
      .slice(0, MAX_ASKED)
      .forEach(({ id }) => void ask(id));
  }

  watch(
    () => [account.ready, account.user?.id] as const,
    ([ready, userId]) => ready && void load(userId),
    { immediate: true },
  );

  return computed(() => {
    const known = new Set(ofAccount.value.map(({ id }) => id));
    const remembered = new Map(owned.rooms.map((room) => [room.id, room]));
    const mine = ofAccount.value.map(({ id, title, cover, poster, startTime, ...room }) => {
      const at = remembered.get(id)?.createdAt ?? startTime;
      return { id, title, cover, poster, at, phase: phaseOf(room), forgettable: false };
    });
    const here = owned.rooms
      .filter(({ id }) => !known.has(id))
      .map(({ id, title, createdAt }) => ({
        id,
        title,
        at: createdAt,
        phase: phases.value[id],
        forgettable: phases.value[id] === 'ended',
      }));
    return [...mine, ...here];
  });
}
