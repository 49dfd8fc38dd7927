import type { LogEntry } from '@kaibo/client';
import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../../api.ts';
import { useAct } from '../useAct.ts';
import { searchOf } from './log-filter.ts';
import type { LogForm } from './log-filter.ts';

const PAGE = 100;

export interface LogsState {
  /** The newest first; null until they are known. */
  entries: ShallowRef<readonly LogEntry[] | null>;
  error: ShallowRef<unknown>;
  hasMore: Ref<boolean>;
  busy: Ref<boolean>;
  reload(): Promise<void>;
  /** Older ones. */
  more(): Promise<void>;
}

/** What was said, page by page into the past, by what the form asks for. */
export function useLogs(form: Ref<LogForm>): LogsState {
  const act = useAct();
  const entries = shallowRef<readonly LogEntry[] | null>(null);
  const error = shallowRef<unknown>(null);
  const [hasMore, busy] = [ref(false), ref(false)];
  let asking = 0;
  let next: number | undefined;

  async function read(known: readonly LogEntry[], before?: number): Promise<void> {
    const asked = ++asking;
    const page = await api.logs.search({ ...searchOf(form.value), limit: PAGE, ...(before ? { before } : {}) });
    if (asked !== asking) return;
    entries.value = [...known, ...page.entries];
    next = page.next;
    [hasMore.value, error.value] = [next !== undefined, null];
  }

  async function reload(): Promise<void> {
    entries.value = null;
    try {
      await read([]);
    } catch (reason) {
      error.value = reason;
    }
  }

  async function more(): Promise<void> {
    busy.value = true;
    await act(() => read(entries.value ?? [], next));
    busy.value = false;
  }

  watch(form, () => void reload(), { immediate: true });
  return { entries, error, hasMore, busy, reload, more };
}
