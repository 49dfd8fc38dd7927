import { ref, watch } from 'vue';
import type { Ref } from 'vue';
import { api } from '../../api.ts';
import { useViewerId } from '../../composables/useViewerId.ts';
import { useAccount } from '../../stores/account.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';

export interface Standing {
  /** Whom this page speaks as, once it is known: `user:ID`, or `viewer:ID` without an account. */
  me: Ref<string | null>;
  /** Owns the room, moderates it, or administers the platform. */
  isTrusted: Ref<boolean>;
  /** Until when this person may not write, ms since the epoch; Infinity for good, 0 when they may. */
  mutedUntil: Ref<number>;
}

interface Muted {
  person: string;
  /** ms since the epoch; absent for good. */
  until?: number;
}

/** What this person is in the room, kept current by its events for as long as the calling component lives. */
export function useStanding(events: RoomEvents): Standing {
  const account = useAccount();
  const owned = useOwnedRooms();
  const me = ref<string | null>(null);
  const isTrusted = ref(owned.owns(events.roomId));
  const mutedUntil = ref(0);
  let asked = 0;

  async function ask(): Promise<void> {
    const turn = (asked += 1);
    await account.restore();
    const vid = (await useViewerId()) ?? undefined;
    try {
      const ownerToken = owned.tokenOf(events.roomId);
      const answer = await api.moderation.standing(events.roomId, { ownerToken, token: events.token(), vid });
      if (turn !== asked) return;
      me.value = answer.person ?? null;
      isTrusted.value = answer.isOwner || answer.isModerator;
      mutedUntil.value = answer.muted ? (answer.muted.until ?? Infinity) : 0;
    } catch {
      // Whoever may not see the room is told by its channels; the next snapshot asks again.
    }
  }

  function hearModerator({ userId }: { userId: string }): void {
    if (userId === account.user?.id) void ask();
  }

  // Only whom the room lets in is asked for: at first, and whenever events were lost.
  events.listen('chat', ({ kind }) => void (kind === 'snapshot' && ask()));
  watch(
    () => account.user?.id,
    () => asked > 0 && void ask(),
  );
  for (const event of ['moderator.added', 'moderator.removed']) events.on(event, hearModerator);
  events.on<Muted>('chat.muted', ({ person, until }) => {
    if (person === me.value) mutedUntil.value = until ?? Infinity;
  });
  events.on<{ person: string }>('chat.unmuted', ({ person }) => {
    if (person === me.value) mutedUntil.value = 0;
  });
  return { me, isTrusted, mutedUntil };
}
