import type { PublishStats } from '@kaibo/client';
import { useIntervalFn } from '@vueuse/core';
import { shallowRef, watch } from 'vue';
import type { ShallowRef } from 'vue';
import { appendTo } from './stats-history.ts';
import type { Broadcast } from './useBroadcast.ts';

const INTERVAL_MS = 1_000;
type Figure = 'bitrate' | 'fps' | 'rtt' | 'loss' | 'queue';

export interface LiveStats {
  now: ShallowRef<PublishStats | null>;
  /** The last minute, once a second. */
  history: ShallowRef<Record<Figure, (number | null)[]>>;
}

/** What goes out, once a second while it does. */
export function useLiveStats(broadcast: Broadcast): LiveStats {
  const empty = (): Record<Figure, (number | null)[]> => ({ bitrate: [], fps: [], rtt: [], loss: [], queue: [] });
  const now = shallowRef<PublishStats | null>(null);
  const history = shallowRef(empty());

  async function ask(): Promise<void> {
    if (!broadcast.isOn.value) return;
    const stats = await broadcast.stats().catch(() => null);
    if (!broadcast.isOn.value || stats === null) return;
    now.value = stats;
    const { bitrate, fps, rtt, loss, queue } = history.value;
    history.value = {
      bitrate: appendTo(bitrate, stats.bitrateBps),
      fps: appendTo(fps, stats.fps),
      rtt: appendTo(rtt, stats.rttMs),
      loss: appendTo(loss, stats.lossRate),
      queue: appendTo(queue, stats.queueMs),
    };
  }

  useIntervalFn(() => void ask(), INTERVAL_MS);
  watch(broadcast.isOn, () => ([now.value, history.value] = [null, empty()]));

  return { now, history };
}
