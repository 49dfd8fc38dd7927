import type { AuditEntry } from '@kaibo/client';
import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../../api.ts';
import { usePeople } from '../usePeople.ts';
import type { People } from '../usePeople.ts';
import { useAct } from '../useAct.ts';

const PAGE = 50;

/** '' is any. */
export interface AuditFilter {
  actor: string;
  action: string;
  subject: string;
}

export interface AuditState {
  /** The newest first; null until they are known. */
  entries: ShallowRef<readonly AuditEntry[] | null>;
  error: ShallowRef<unknown>;
  hasMore: Ref<boolean>;
  busy: Ref<boolean>;
  people: People;
  reload(): Promise<void>;
  /** Older ones. */
  more(): Promise<void>;
}

/** Who did what, page by page into the past, by what the filter asks for. */
export function useAudit(filter: Ref<AuditFilter>): AuditState {
  const people = usePeople();
  const act = useAct();
  const entries = shallowRef<readonly AuditEntry[] | null>(null);
  const error = shallowRef<unknown>(null);
  const [hasMore, busy] = [ref(false), ref(false)];
  let asking = 0;

  async function read(before: readonly AuditEntry[]): Promise<void> {
    const asked = ++asking;
    const last = before.at(-1);
    // What is left empty is not asked for.
    const found = await api.admin.audit({ ...filter.value, limit: PAGE, ...(last ? { before: last.seq } : {}) });
    if (asked !== asking) return;
    entries.value = [...before, ...found];
    [hasMore.value, error.value] = [found.length === PAGE, null];
    const names = found.flatMap(({ actor, subject }) => [actor, subject]).filter((name) => name.startsWith('user:'));
    // Names are an ornament: without an answer the ids stand there.
    void people.load(names.map((name) => name.slice('user:'.length))).catch(() => {});
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
    await act(() => read(entries.value ?? []));
    busy.value = false;
  }

  watch(filter, () => void reload(), { immediate: true });
  return { entries, error, hasMore, busy, people, reload, more };
}
