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

/**
 * One room, kept current by its channels for as long as the calling component lives. `playToken` opens a private one
 * to somebody who is not its owner.
 */
export function useRoom(id: string, playToken?: string): RoomState {
  const owned = useOwnedRooms();
  const room = shallowRef<Room | null>(null);
  const missing = ref(false);
  const error = shallowRef<unknown>(null);
  const viewerCount = ref(0);
  const phase = computed<RoomPhase>(() => {
    if (room.value?.status !== 'live') return room.value?.status ?? 'preparing';
    return room.value.interrupted ? 'interrupted' : 'live';
  });

  /** The whole truth as this person may see it. */
  function applyAnswer(next: Room): void {
    room.value = next;
    viewerCount.value = next.viewerCount;
  }

  /** News are the same for everybody: what only this person may see, tokens in addresses too, stays as it was. */
  function applyNews(next: Room): void {
    const { streamKey, publishUrls, publishing, playUrls } = room.value ?? {};
    applyAnswer({ ...next, streamKey, publishUrls, publishing, playUrls: playUrls ?? next.playUrls });
  }

  async function reload(): Promise<void> {
    try {
      applyAnswer(await api.rooms.get(id, { ownerToken: owned.tokenOf(id), playToken }));
      [missing.value, error.value] = [false, null];
    } catch (reason) {
      missing.value = reason instanceof KaiboError && reason.status === 404;
      if (!room.value) error.value = reason;
    }
  }

  function hearRoom(message: ChannelMessage): void {
    const isRoom = message.kind === 'snapshot' || message.event.startsWith('room.');
    // A channel of a room that does not exist may answer with nothing in it.
    if (isRoom && (message.data as Room | null)?.id === id) applyNews(message.data as Room);
  }

  function hearLive(message: ChannelMessage): void {
    const { viewerCount: count } = (message.data ?? {}) as { viewerCount?: number };
    if (count !== undefined) viewerCount.value = count;
  }

  const access = { token: owned.tokenOf(id) ?? playToken };
  const leave = [
    realtime.subscribe(`room:${id}`, hearRoom, access),
    realtime.subscribe(`live:${id}`, hearLive, access),
  ];
  onScopeDispose(() => leave.forEach((stop) => stop()));
  void reload();
  return { room, phase, viewerCount, missing, error, reload };
}
