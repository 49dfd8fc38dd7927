import type { MonitorOverview } from '@kaibo/client';
import { createSharedComposable, useIntervalFn } from '@vueuse/core';
import { onScopeDispose, ref, shallowRef } from 'vue';
import { api, realtime } from '../../api.ts';

/** How often is asked while the channel says nothing, and after what time it is thought to. */
const POLL_MS = 5_000;
/** Five minutes of a sample every 2 s. */
const MAX_RECENT = 150;

/**
 * The state of the platform, from its channel for as long as some component looks; where that is closed or refused, by
 * asking. One subscription however many parts of the page show it.
 */
export const useMonitor = createSharedComposable(() => {
  const overview = shallowRef<MonitorOverview | null>(null);
  /** The newest last. */
  const recent = shallowRef<readonly MonitorOverview[]>([]);
  const error = shallowRef<unknown>(null);
  /** Whether the channel brings it. */
  const isLive = ref(false);
  let heardAt = 0;

  function take(next: MonitorOverview): void {
    if (overview.value !== null && next.at <= overview.value.at) return;
    [overview.value, error.value] = [next, null];
    recent.value = [...recent.value, next].slice(-MAX_RECENT);
  }

  async function load(): Promise<void> {
    try {
      take(await api.monitor.overview());
    } catch (reason) {
      error.value = reason;
    }
  }

  const leave = realtime.subscribe('monitor', (message) => {
    if (message.data === null || message.data === undefined) return;
    // What fires or is over is in the next overview: that is asked for at once.
    if ('event' in message && message.event.startsWith('alarm.')) {
      void load();
      return;
    }
    [heardAt, isLive.value] = [performance.now(), true];
    take(message.data as MonitorOverview);
  });
  useIntervalFn(() => {
    if (performance.now() - heardAt < POLL_MS) return;
    isLive.value = false;
    void load();
  }, POLL_MS);
  onScopeDispose(leave);
  void load();
  return { overview, recent, error, isLive, load };
});
