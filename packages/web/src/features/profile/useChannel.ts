import type { PublicUser, Room } from '@kaibo/client';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { ComputedRef, Ref, ShallowRef } from 'vue';
import { api, realtime } from '../../api.ts';

/** What a person's rooms and replays say of their channel. */
export interface Channel {
  /** Public ones, the newest first; null until they are known. */
  rooms: ShallowRef<readonly Room[] | null>;
  /** Public replays; null until they are known. */
  replayCount: Ref<number | null>;
  /** Of the last room that has one. */
  cover: ComputedRef<string | undefined>;
  /** When the last broadcast ended or, without an end, began; ms since the epoch. */
  lastLiveAt: ComputedRef<number | undefined>;
}

const ROOMS = 10;

/** `changed` is called when one of their rooms begins or ends, so that the profile is asked anew. */
export function useChannel(profile: () => PublicUser | null, changed: () => void): Channel {
  const rooms = shallowRef<readonly Room[] | null>(null);
  const replayCount = ref<number | null>(null);

  async function load(userId: string): Promise<void> {
    // Beside the profile these are an offer: what cannot be had now is not there.
    const [roomPage, replays] = await Promise.all([
      api.rooms.list({ userId, pageSize: ROOMS }).catch(() => ({ rooms: [] })),
      api.recordings.list({ userId, pageSize: 1 }).catch(() => ({ total: 0 })),
    ]);
    if (profile()?.id !== userId) return;
    [rooms.value, replayCount.value] = [roomPage.rooms, replays.total];
  }

  watch(
    () => profile()?.id,
    (id) => {
      [rooms.value, replayCount.value] = [null, null];
      if (id !== undefined) void load(id);
    },
    { immediate: true },
  );
  const leave = realtime.subscribe('rooms', (message) => {
    const id = profile()?.id;
    if (message.kind !== 'event' || id === undefined || (message.data as Partial<Room> | null)?.userId !== id) return;
    if (!['room.live', 'room.ended'].includes(message.event)) return;
    changed();
    void load(id);
  });
  onScopeDispose(leave);

  return {
    rooms,
    replayCount,
    cover: computed(() => rooms.value?.find(({ cover }) => cover)?.cover),
    lastLiveAt: computed(() => {
      const last = rooms.value?.find(({ startTime }) => startTime !== undefined);
      return last?.endTime ?? last?.startTime;
    }),
  };
}
