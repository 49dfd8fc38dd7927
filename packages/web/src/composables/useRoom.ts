import { KaiboError } from '@kaibo/client';
import type { ChannelMessage, Room } from '@kaibo/client';
import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api, realtime } from '../api.ts';
import { useOwnedRooms } from '../stores/owned-rooms.ts';

/** `interrupted` is a live room whose publisher is away for a moment. */
export type RoomPhase = 'preparing' | 'live' | 'interrupted' | 'ended';

export interface RoomState {
  room: ShallowRef<Room | null>;
  phase: Ref<RoomPhase>;
  viewerCount: Ref<number>;
  missing: Ref<boolean>;
  error: ShallowRef<unknown>;
  reload(): Promise<void>;
}

/** One room, kept current by its channels for as long as the calling component lives. */
export function useRoom(id: string): RoomState {
  const owned = useOwnedRooms();
  const room = shallowRef<Room | null>(null);
  const missing = ref(false);
  const error = shallowRef<unknown>(null);
  const viewerCount = ref(0);
  const phase = computed<RoomPhase>(() => {
    if (room.value?.status !== 'live') return room.value?.status ?? 'preparing';
    return room.value.interrupted ? 'interrupted' : 'live';
  });

  /** Public news never carry what only the owner may see, so that is kept from the last owner's answer. */
  function apply(next: Room): void {
    const { streamKey, publishUrls, publishing } = room.value ?? {};
    room.value = { ...(streamKey ? { streamKey, publishUrls, publishing } : {}), ...next };
    viewerCount.value = next.viewerCount;
  }

  async function reload(): Promise<void> {
    try {
      apply(await api.getRoom(id, { ownerToken: owned.tokenOf(id) }));
      [missing.value, error.value] = [false, null];
    } catch (reason) {
      missing.value = reason instanceof KaiboError && reason.status === 404;
      if (!room.value) error.value = reason;
    }
  }

  function hearRoom(message: ChannelMessage): void {
    const isRoom = message.kind === 'snapshot' || message.event.startsWith('room.');
    if (isRoom && message.data) apply(message.data as Room);
  }

  function hearLive(message: ChannelMessage): void {
    if (message.kind === 'event' && message.event === 'viewers') {
      viewerCount.value = (message.data as { viewerCount: number }).viewerCount;
    }
  }

  const leave = [realtime.subscribe(`room:${id}`, hearRoom), realtime.subscribe(`live:${id}`, hearLive)];
  onScopeDispose(() => leave.forEach((stop) => stop()));
  void reload();
  return { room, phase, viewerCount, missing, error, reload };
}
