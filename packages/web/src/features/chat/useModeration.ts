import type { Room } from '@kaibo/client';
import { computed, ref, watch } from 'vue';
import type { ComputedRef } from 'vue';
import { api } from '../../api.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { useAccount } from '../../stores/account.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import { toast } from '../../toast.ts';

export interface Moderation {
  /** Owns the room, moderates it, or administers the platform. */
  isTrusted: ComputedRef<boolean>;
  /** Does something and says how it went. True when it was done. */
  act(work: () => Promise<unknown>, done?: string): Promise<boolean>;
  rights(): { ownerToken: string | undefined };
}

/** What this person may do about others in the room. */
export function useModeration(room: () => Pick<Room, 'id' | 'userId'>): Moderation {
  const account = useAccount();
  const owned = useOwnedRooms();
  const errorText = useErrorText();
  const isModerator = ref(false);
  const isOwner = computed(() => {
    const { id, userId } = room();
    return owned.owns(id) || (userId !== null && userId === account.user?.id);
  });

  watch(
    () => account.user?.id,
    async (userId) => {
      isModerator.value = false;
      if (userId === undefined || isOwner.value) return;
      // Only moderators are told who moderates.
      const isOne = await api.rooms.moderators(room().id).then(
        () => true,
        () => false,
      );
      if (account.user?.id === userId) isModerator.value = isOne;
    },
    { immediate: true },
  );

  return {
    isTrusted: computed(() => isOwner.value || isModerator.value || account.user?.role === 'admin'),
    rights: () => ({ ownerToken: owned.tokenOf(room().id) }),
    async act(work, done) {
      try {
        await work();
        if (done !== undefined) toast('success', done);
        return true;
      } catch (reason) {
        toast('error', errorText(reason));
        return false;
      }
    },
  };
}
