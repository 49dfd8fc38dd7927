import type { BroadcastSummary } from '@kaibo/client';
import { KaiboError } from '@kaibo/client';
import { useTimeoutFn } from '@vueuse/core';
import { ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';

/** After the end of a show the last of its figures are counted. */
const SETTLE_MS = 20_000;

export interface SummaryState {
  /** null before the first answer, and of a room that was never live. */
  summary: ShallowRef<BroadcastSummary | null>;
  neverLive: Ref<boolean>;
  failed: Ref<boolean>;
  load(): Promise<void>;
}

/** What a show came to, for its owner. */
export function useSummary(roomId: string): SummaryState {
  const owned = useOwnedRooms();
  const summary = shallowRef<BroadcastSummary | null>(null);
  const neverLive = ref(false);
  const failed = ref(false);

  const settling = useTimeoutFn(() => void load(), SETTLE_MS, { immediate: false });

  async function load(): Promise<void> {
    failed.value = false;
    try {
      summary.value = await api.insight.summary(roomId, { ownerToken: owned.tokenOf(roomId) });
      const { endedAt } = summary.value;
      if (endedAt !== undefined && Date.now() - endedAt < SETTLE_MS) settling.start();
    } catch (error) {
      neverLive.value = error instanceof KaiboError && error.code === 'room_not_live';
      failed.value = !neverLive.value;
    }
  }

  void load();
  return { summary, neverLive, failed, load };
}
