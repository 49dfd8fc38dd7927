import { computed } from 'vue';
import type { Ref } from 'vue';
import { useErrorText } from '../../composables/useErrorText.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import { toast } from '../../toast.ts';
import type { Chat } from './useChat.ts';

export interface Moderation {
  /** Owns the room, moderates it, or administers the platform. */
  isTrusted: Readonly<Ref<boolean>>;
  /** Does something and says how it went. True when it was done. */
  act(work: () => Promise<unknown>, done?: string): Promise<boolean>;
  rights(): { ownerToken: string | undefined };
}

/** What this person may do about others in the room. */
export function useModeration(chat: Chat): Moderation {
  const owned = useOwnedRooms();
  const errorText = useErrorText();

  return {
    isTrusted: computed(() => chat.isTrusted.value),
    rights: () => ({ ownerToken: owned.tokenOf(chat.roomId) }),
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
