import type { LogEntry } from '@kaibo/client';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../../api.ts';
import { searchOf } from './log-filter.ts';
import type { LogForm } from './log-filter.ts';

const MAX_SHOWN = 500;
const AGAIN_MS = 2000;

export interface TailState {
  /** The newest first. */
  entries: ShallowRef<readonly LogEntry[]>;
  /** Lines of which there were too many to be shown. */
  dropped: Ref<number>;
  isConnected: Ref<boolean>;
}

/** What is said from now on, while `isOn`. A connection that ended is made anew. */
export function useTail(form: Ref<LogForm>, isOn: Ref<boolean>): TailState {
  const entries = shallowRef<readonly LogEntry[]>([]);
  const [dropped, isConnected] = [ref(0), ref(false)];
  let running: AbortController | undefined;
  /** Entries that are not kept yet have no id to be told apart by. */
  let shown = 0;

  async function follow(signal: AbortSignal): Promise<void> {
    const { from: _from, to: _to, ...filter } = searchOf(form.value);
    while (!signal.aborted) {
      try {
        const events = await api.logs.tail(filter, signal);
        isConnected.value = true;
        for await (const event of events) {
          if ('dropped' in event) dropped.value += event.dropped;
          else entries.value = [{ ...event.entry, id: --shown }, ...entries.value].slice(0, MAX_SHOWN);
        }
      } catch {
        // The next try says whether it is so again.
      }
      if (signal.aborted) return;
      isConnected.value = false;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  function stop(): void {
    running?.abort();
    running = undefined;
    isConnected.value = false;
  }

  watch(
    [form, isOn],
    () => {
      stop();
      [entries.value, dropped.value] = [[], 0];
      if (!isOn.value) return;
      running = new AbortController();
      void follow(running.signal);
    },
    { immediate: true },
  );
  onScopeDispose(stop);
  return { entries, dropped, isConnected };
}
