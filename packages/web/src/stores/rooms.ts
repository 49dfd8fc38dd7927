import type { ChannelMessage, Room } from '@kaibo/client';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { api, realtime } from '../api.ts';

/** How often the list is asked for while the realtime connection is away; unchanged lists cost a 304. */
const POLL_MS = 10_000;

/** Every public room that is preparing or live, kept current while some page watches. */
export const useRooms = defineStore('rooms', () => {
  const byId = ref(new Map<string, Room>());
  const loaded = ref(false);
  const failed = ref(false);
  const live = computed(() => {
    return [...byId.value.values()]
      .filter((room) => room.status === 'live')
      .sort((a, b) => b.viewerCount - a.viewerCount || (b.startTime ?? 0) - (a.startTime ?? 0));
  });

  function replace(rooms: Room[]): void {
    byId.value = new Map(rooms.map((room) => [room.id, room]));
    [loaded.value, failed.value] = [true, false];
  }

  function hear(message: ChannelMessage): void {
    if (message.kind === 'snapshot') replace(message.data as Room[]);
    else if (message.event === 'viewers') applyCounts((message.data as { counts: Record<string, number> }).counts);
    else if (message.event === 'room.hidden') byId.value.delete((message.data as Pick<Room, 'id'>).id);
    else applyRoom(message.data as Room);
  }

  function applyRoom(room: Room): void {
    if (room.status === 'ended' || room.isPrivate) byId.value.delete(room.id);
    else byId.value.set(room.id, room);
  }

  function applyCounts(counts: Record<string, number>): void {
    for (const [id, viewerCount] of Object.entries(counts)) {
      const room = byId.value.get(id);
      if (room) room.viewerCount = viewerCount;
    }
  }

  async function load(): Promise<void> {
    try {
      const page = await api.rooms.list({ status: 'live', pageSize: 100 });
      // The channel's snapshot may have come first; it is newer, and then goes on by itself.
      if (!loaded.value || realtime.status !== 'open') replace(page.rooms);
    } catch {
      failed.value = !loaded.value;
    }
  }

  /** Returns the function that ends the watch. */
  function watchRooms(): () => void {
    const leave = realtime.subscribe('rooms', hear);
    const poll = setInterval(() => realtime.status !== 'open' && void load(), POLL_MS);
    void load();
    return () => {
      clearInterval(poll);
      leave();
    };
  }

  return { live, loaded, failed, load, watchRooms };
});
