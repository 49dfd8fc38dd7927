import type { Notice, NoticeCreated, NoticesRead } from '@kaibo/client';
import { defineStore } from 'pinia';
import { ref, shallowRef, watch } from 'vue';
import { api, realtime } from '../api.ts';
import { useAccount } from './account.ts';

/** Kept in the page; the list page fetches older ones by itself. */
const KEPT = 50;
const SHOWN_FIRST = 20;

/** The newest notices of whoever is logged in and how many are unread, live. */
export const useNotices = defineStore('notices', () => {
  const account = useAccount();
  const unread = ref(0);
  const newest = shallowRef<Notice[]>([]);
  /** Whether `newest` was fetched. */
  const loaded = ref(false);

  async function load(): Promise<void> {
    const page = await api.notices.list({ limit: SHOWN_FIRST });
    newest.value = page.notices;
    unread.value = page.unread;
    loaded.value = true;
  }

  /** These, or all. The server's answer counts, here as on the other devices. */
  async function read(ids: readonly string[] | 'all'): Promise<void> {
    markRead(ids === 'all' ? undefined : ids);
    unread.value = await api.notices.read(ids);
  }

  function markRead(ids: readonly string[] | undefined): void {
    const now = Date.now();
    newest.value = newest.value.map((notice) =>
      ids === undefined || ids.includes(notice.id) ? { ...notice, readAt: notice.readAt ?? now } : notice,
    );
  }

  function add({ notice, unread: count }: NoticeCreated): void {
    unread.value = count;
    newest.value = [notice, ...newest.value.filter(({ id }) => id !== notice.id)].slice(0, KEPT);
  }

  watch(
    () => account.user?.id,
    (id, _before, onCleanup) => {
      unread.value = 0;
      newest.value = [];
      loaded.value = false;
      if (id === undefined) return;
      const stop = realtime.subscribe('user', (message) => {
        // A gap is filled by asking; the first snapshot asks for what there is.
        if (message.kind !== 'event') void load().catch(() => {});
        else if (message.event === 'notice.created') add(message.data as NoticeCreated);
        else if (message.event === 'notice.read') hearRead(message.data as NoticesRead);
      });
      onCleanup(stop);
    },
    { immediate: true },
  );

  function hearRead({ ids, unread: count }: NoticesRead): void {
    unread.value = count;
    markRead(ids);
  }

  return { unread, newest, loaded, load, read };
});
