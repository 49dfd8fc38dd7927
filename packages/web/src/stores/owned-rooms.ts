import type { CreatedRoom, Room } from '@kaibo/client';
import { useStorage } from '@vueuse/core';
import { defineStore } from 'pinia';

/** Rooms remembered in one browser; the oldest is forgotten first. */
const MAX_OWNED = 50;

export interface OwnedRoom {
  id: string;
  title: string;
  createdAt: number;
  /** Absent when the room belongs to an account. */
  ownerToken?: string;
}

/** The rooms that were made in this browser, with the token that gives rights to them. */
export const useOwnedRooms = defineStore('owned-rooms', () => {
  const rooms = useStorage<OwnedRoom[]>('kaibo.ownedRooms', []);

  function remember(room: CreatedRoom): void {
    const { id, title, ownerToken } = room;
    const others = rooms.value.filter((owned) => owned.id !== id);
    rooms.value = [{ id, title, createdAt: Date.now(), ...(ownerToken ? { ownerToken } : {}) }, ...others].slice(
      0,
      MAX_OWNED,
    );
  }

  function forget(id: Room['id']): void {
    rooms.value = rooms.value.filter((owned) => owned.id !== id);
  }

  function tokenOf(id: Room['id']): string | undefined {
    return rooms.value.find((owned) => owned.id === id)?.ownerToken;
  }

  function owns(id: Room['id']): boolean {
    return rooms.value.some((owned) => owned.id === id);
  }

  return { rooms, remember, forget, tokenOf, owns };
});
