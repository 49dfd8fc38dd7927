import type { ChannelMessage } from '@kaibo/client';
import { useIntervalFn } from '@vueuse/core';
import { onScopeDispose, watch } from 'vue';
import { realtime } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';

const POLL_MS = 2_000;

/**
 * Asks again and again while the room may have a publisher, because bitrate and frame rate come by no channel. What the
 * stream doctor finds is told to the owner's account, and asked for at once.
 */
export function useHealth(active: () => boolean, reload: () => Promise<void>): void {
  const account = useAccount();
  let asking = false;
  function ask(): void {
    if (asking || document.hidden || !active()) return;
    asking = true;
    void reload().finally(() => (asking = false));
  }
  useIntervalFn(ask, POLL_MS);

  const hear = (message: ChannelMessage): void => {
    if (message.kind === 'event' && message.event.startsWith('stream.')) ask();
  };
  let leave = (): void => {};
  watch(
    () => account.user?.id,
    (id) => {
      leave();
      leave = id === undefined ? () => {} : realtime.subscribe('user', hear);
    },
    { immediate: true },
  );
  onScopeDispose(() => leave());
}
