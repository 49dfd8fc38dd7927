import type { Account } from '@kaibo/client';
import { useEventListener, useStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { api, realtime } from '../api.ts';

/**
 * Who is logged in. The login itself is in HttpOnly cookies that the page cannot see; `kaibo.login` only remembers that
 * there is one, so that visitors without an account cost the server no question.
 */
export const useAccount = defineStore('account', () => {
  const hint = useStorage<string>('kaibo.login', '');
  const user = shallowRef<Account | null>(null);
  /** False until it is known whether somebody is logged in. */
  const ready = ref(false);
  const isLoggedIn = computed(() => user.value !== null);
  let restoring: Promise<void> | null = null;

  api.auth.onAuthChange(({ user: next }) => {
    user.value = next;
    hint.value = next?.id ?? '';
  });

  async function takeUp(): Promise<void> {
    try {
      if (hint.value !== '') await api.auth.restore();
    } catch {
      // Without an answer the page goes on as a visitor's; the hint stays for the next attempt.
    } finally {
      ready.value = true;
    }
  }

  /** Takes up the login of the cookies, once. Resolves when it is known who is here. */
  function restore(): Promise<void> {
    restoring ??= takeUp();
    return restoring;
  }

  // The account's own channel: by it a page that listens to nothing else hears at once that its login was ended.
  watch(
    () => user.value?.id,
    (id, _before, onCleanup) => {
      if (id !== undefined) onCleanup(realtime.subscribe('user', () => {}));
    },
  );

  // Another tab logged in, out, or as somebody else.
  useEventListener(window, 'storage', (event: StorageEvent) => {
    if (event.key !== 'kaibo.login' || event.newValue === (user.value?.id ?? '')) return;
    void api.auth.restore().catch(() => {});
  });

  return { user, ready, isLoggedIn, restore };
});
