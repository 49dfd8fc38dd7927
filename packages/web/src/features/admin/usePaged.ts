import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef, WatchSource } from 'vue';

export interface Paged<Row> {
  /** null until they are known, and when another question is asked. */
  rows: ShallowRef<readonly Row[] | null>;
  /** Over all pages. */
  total: Ref<number>;
  /** From 1. */
  page: Ref<number>;
  pageSize: number;
  error: ShallowRef<unknown>;
  /** The present page again, without taking away what is shown. */
  reload(): Promise<void>;
}

/**
 * Pages of a list on the server. A change of `by`, which is what the list is filtered by, begins again with the first
 * page; an answer that comes after a later question is thrown away.
 */
export function usePaged<Row>(
  read: (page: { page: number; pageSize: number }) => Promise<{ rows: readonly Row[]; total: number }>,
  { by = [], pageSize = 20 }: { by?: WatchSource[]; pageSize?: number } = {},
): Paged<Row> {
  const rows = shallowRef<readonly Row[] | null>(null);
  const [total, page] = [ref(0), ref(1)];
  const error = shallowRef<unknown>(null);
  let asking = 0;

  async function reload(): Promise<void> {
    const asked = ++asking;
    try {
      const found = await read({ page: page.value, pageSize });
      if (asked !== asking) return;
      [rows.value, total.value, error.value] = [found.rows, found.total, null];
      // What was on the last page may have gone.
      if (found.rows.length === 0 && page.value > 1) page.value = Math.max(1, Math.ceil(found.total / pageSize));
    } catch (reason) {
      if (asked === asking) error.value = reason;
    }
  }

  function begin(): void {
    rows.value = null;
    void reload();
  }

  watch(page, begin);
  watch(by, () => {
    if (page.value === 1) begin();
    else page.value = 1;
  });
  void reload();
  return { rows, total, page, pageSize, error, reload };
}
