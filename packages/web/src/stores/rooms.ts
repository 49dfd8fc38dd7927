import type { ChannelMessage, Room } from '@kaibo/client';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { api, realtime } from '../api.ts';

/** How often the list is asked for while the realtime connection is away; unchanged lists cost a 304. */
const POLL_MS = 10_000;
const PAGE_SIZE = 100;
/** Kept in a page; whoever looks further than that searches. */
const MAX_ROOMS = 2000;

/** The public rooms that are preparing or live, kept current while some page watches. */
export const useRooms = defineStore('rooms', () => {
  const byId = ref(new Map<string, Room>());
  const loaded = ref(false);
  const failed = ref(false);
  /** How many are live on the server, as it last said. */
  const total = ref(0);
  /** Of the live ones, fetched by the page and the most watched first. */
  const pages = ref(0);
  const live = computed(() => {
    return [...byId.value.values()]
      .filter((room) => room.status === 'live')
      .sort((a, b) => b.viewerCount - a.viewerCount || (b.startTime ?? 0) - (a.startTime ?? 0));
  });
  /** Whether every live room is here. */
  const isWhole = computed(() => live.value.length >= total.value || pages.value * PAGE_SIZE >= total.value);

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
    else if (byId.value.has(room.id) || byId.value.size < MAX_ROOMS) byId.value.set(room.id, room);
  }

  function applyCounts(counts: Record<string, number>): void {
    for (const [id, viewerCount] of Object.entries(counts)) {
      const room = byId.value.get(id);
      if (room) room.viewerCount = viewerCount;
    }
  }

  async function fetchPage(page: number): Promise<Room[]> {
    const found = await api.rooms.list({ status: 'live', sort: 'viewers', page, pageSize: PAGE_SIZE });
    [total.value, pages.value] = [found.total, page];
    return found.rooms;
  }

  async function load(): Promise<void> {
    try {
      const rooms = await fetchPage(1);
      // The channel's snapshot may have come first; it is newer, and then goes on by itself.
      if (!loaded.value || realtime.status !== 'open') replace(rooms);
    } catch {
      failed.value = !loaded.value;
    }
  }

  /** The next of those that the channel's snapshot, which has an end, may not have had. */
  async function loadMore(): Promise<void> {
    for (const room of await fetchPage(pages.value + 1)) applyRoom(room);
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

  return { live, isWhole, loaded, failed, load, loadMore, watchRooms };
});
