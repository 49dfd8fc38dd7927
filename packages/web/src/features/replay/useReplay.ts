import { KaiboError } from '@kaibo/client';
import type { Recording } from '@kaibo/client';
import { useIntervalFn } from '@vueuse/core';
import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';

/** How often it is asked whether a recording became a replay. */
const POLL_MS = 4_000;

export interface ReplayState {
  recording: ShallowRef<Recording | null>;
  missing: Ref<boolean>;
  error: ShallowRef<unknown>;
  reload(): Promise<void>;
}

/** One recording as this person may see it; asked for again until it can be played. `playToken` opens a private room's. */
export function useReplay(id: string, playToken?: string): ReplayState {
  const account = useAccount();
  const owned = useOwnedRooms();
  const recording = shallowRef<Recording | null>(null);
  const missing = ref(false);
  const error = shallowRef<unknown>(null);

  async function reload(): Promise<void> {
    await account.restore();
    try {
      const found = await api.recordings.get(id, { playToken, ownerToken: tokenOf(recording.value) });
      recording.value = found;
      [missing.value, error.value] = [false, null];
    } catch (reason) {
      const status = reason instanceof KaiboError ? reason.status : 0;
      missing.value = status === 404;
      error.value = reason;
      // Whoever may not see it any more must not go on; a network that fails for a moment takes nothing away.
      if (status === 404 || status === 401 || status === 403) recording.value = null;
    }
  }

  /** In a browser that made the room; where cookies are kept, the server knows it from there. */
  function tokenOf(known: Recording | null): string | undefined {
    return known?.roomId === undefined ? undefined : owned.tokenOf(known.roomId);
  }

  useIntervalFn(() => {
    const state = recording.value?.state;
    if (!document.hidden && (state === 'processing' || state === 'recording')) void reload();
  }, POLL_MS);
  // Somebody who logs in or out may see more or less.
  watch(
    () => account.user?.id,
    () => account.ready && void reload(),
  );
  void reload();
  return { recording, missing, error, reload };
}
