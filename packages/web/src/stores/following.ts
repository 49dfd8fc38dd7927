import type { FollowingLive } from '@kaibo/client';
import { defineStore } from 'pinia';
import { computed, shallowRef, watch } from 'vue';
import { api } from '../api.ts';
import { useAccount } from './account.ts';
import { useRooms } from './rooms.ts';

type Followed = FollowingLive['offline'][number];

/** Whom the account follows; who of them is live is known by the list of rooms, while that is watched. */
export const useFollowing = defineStore('following', () => {
  const account = useAccount();
  const rooms = useRooms();
  const answer = shallowRef<FollowingLive | null>(null);
  const error = shallowRef<unknown>(null);
  const loaded = computed(() => answer.value !== null);

  const people = computed<Followed[]>(() => {
    const { rooms: live = [], offline = [] } = answer.value ?? {};
    return [...live.map(({ owner }) => owner).filter((owner) => owner !== undefined), ...offline];
  });
  const ids = computed(() => new Set(people.value.map(({ id }) => id)));
  const live = computed(() => {
    const known = rooms.live.filter(({ userId }) => userId !== null && ids.value.has(userId));
    if (rooms.isWhole) return known;
    const missing = (answer.value?.rooms ?? []).filter(({ id }) => !known.some((room) => room.id === id));
    return [...known, ...missing];
  });
  const offline = computed(() => {
    const there = new Set(live.value.map(({ userId }) => userId));
    return people.value.filter(({ id }) => !there.has(id));
  });

  async function load(): Promise<void> {
    const { user } = account;
    if (user === null) return;
    try {
      const found = await api.users.followingLive();
      if (account.user?.id === user.id) [answer.value, error.value] = [found, null];
    } catch (reason) {
      error.value = reason;
    }
  }

  watch(
    () => account.user?.id,
    () => (answer.value = null),
  );

  return { live, offline, loaded, error, load };
});
