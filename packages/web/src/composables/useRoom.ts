import { KaiboError } from '@kaibo/client';
import type { ChannelMessage, Room } from '@kaibo/client';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../api.ts';
import type { RoomEvents } from '../features/room/useRoomEvents.ts';
import { useAccount } from '../stores/account.ts';
import { useOwnedRooms } from '../stores/owned-rooms.ts';

/** `interrupted` is a live room whose publisher is away for a moment. */
export type RoomPhase = 'preparing' | 'live' | 'interrupted' | 'ended';

export function phaseOf({ status, interrupted }: Pick<Room, 'status' | 'interrupted'>): RoomPhase {
  return status === 'live' && interrupted ? 'interrupted' : status;
}

export interface RoomState {
  room: ShallowRef<Room | null>;
  phase: Ref<RoomPhase>;
  viewerCount: Ref<number>;
  missing: Ref<boolean>;
  error: ShallowRef<unknown>;
  reload(): Promise<void>;
}

/** Somebody who hears this has to leave, whatever the page shows. */
const SENT_AWAY = new Set(['banned_from_room', 'kicked_from_room', 'room_full', 'room_private']);

/** All nodes know by then where a stream is that came back; those who watch it do not ask all at once. */
const MOVED_MS = 6000;

/**
 * One room, kept current by its channels for as long as the calling component lives. `playToken` opens a private one
 * to somebody who is not its owner.
 */
export function useRoom(events: RoomEvents, playToken?: string): RoomState {
  const id = events.roomId;
  const owned = useOwnedRooms();
  const account = useAccount();
  const room = shallowRef<Room | null>(null);
  const missing = ref(false);
  const error = shallowRef<unknown>(null);
  const viewerCount = ref(0);
  let asking: ReturnType<typeof setTimeout> | undefined;
  onScopeDispose(() => clearTimeout(asking));
  const phase = computed<RoomPhase>(() => (room.value ? phaseOf(room.value) : 'preparing'));

  /** The whole truth as this person may see it. */
  function applyAnswer(next: Room): void {
    room.value = next;
    viewerCount.value = next.viewerCount;
  }

  /** News are the same for everybody: what only this person may see, tokens in addresses too, stays as it was. */
  function applyNews(next: Room): void {
    const { streamKey, publishUrls, publishing, playUrls, renditions } = room.value ?? {};
    const own = { streamKey, publishUrls, publishing, playUrls: playUrls ?? next.playUrls };
    if (!next.isPrivate) return applyAnswer({ ...next, ...own });
    // News have no addresses that would let this person in.
    if (room.value) applyAnswer({ ...next, ...own, renditions });
    if (!room.value || namesOf(next) !== namesOf(room.value)) void reload();
  }

  async function reload(): Promise<void> {
    await account.restore();
    try {
      applyAnswer(await api.rooms.get(id, { ownerToken: owned.tokenOf(id), playToken }));
      [missing.value, error.value] = [false, null];
    } catch (reason) {
      missing.value = reason instanceof KaiboError && reason.status === 404;
      if (!room.value || isSentAway(reason)) sendAway(reason);
    }
  }

  function sendAway(reason: unknown): void {
    error.value = reason;
    if (isSentAway(reason)) room.value = null;
  }

  function hearRoom(message: ChannelMessage): void {
    const isRoom = message.kind === 'snapshot' || message.event.startsWith('room.');
    // A channel of a room that does not exist may answer with nothing in it.
    if (isRoom && (message.data as Room | null)?.id === id) applyNews(message.data as Room);
    if (message.kind === 'event' && message.event === 'room.resumed' && leadsElsewhere(room.value)) askSoon();
  }

  /** Its publisher may have come back to another node, which has addresses of its own. */
  function askSoon(): void {
    clearTimeout(asking);
    asking = setTimeout(() => void reload(), MOVED_MS * (1 + Math.random()));
  }

  function hearLive(message: ChannelMessage): void {
    const { viewerCount: count } = (message.data ?? {}) as { viewerCount?: number };
    if (count !== undefined) viewerCount.value = count;
  }

  events.listen('room', hearRoom);
  events.listen('live', hearLive);
  events.onRefused((reason) => isSentAway(reason) && sendAway(reason));
  // Somebody who logs in or out may see more or less.
  watch(
    () => account.user?.id,
    () => account.ready && void reload(),
  );
  void reload();
  return { room, phase, viewerCount, missing, error, reload };
}

/** Its media come from a host of their own: one of several nodes. */
function leadsElsewhere(room: Room | null): boolean {
  const url = room?.playUrls.flv ?? room?.playUrls.hls;
  return url !== undefined && new URL(url).hostname !== location.hostname;
}

function namesOf(room: Room | null): string | undefined {
  return room?.renditions?.map(({ name }) => name).join();
}

function isSentAway(reason: unknown): reason is KaiboError {
  return reason instanceof KaiboError && SENT_AWAY.has(reason.code);
}
