import { KaiboError, newKey } from '@kaibo/client';
import type { ChatMessage, SendChatInput } from '@kaibo/client';
import { computed, ref, shallowRef } from 'vue';
import type { ComputedRef, Ref, ShallowRef } from 'vue';
import { api, realtime } from '../../api.ts';
import { useClock } from '../../composables/useClock.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { useViewerId } from '../../composables/useViewerId.ts';
import { usePreferences } from '../../stores/preferences.ts';
import type { Chat } from './useChat.ts';

export const MAX_CHARS = 500;

export interface Composer {
  text: Ref<string>;
  replyTo: ShallowRef<ChatMessage | null>;
  /** Why the last message was refused, for a person; '' when it was not. */
  refusal: Ref<string>;
  busy: Ref<boolean>;
  /** Whole seconds until the next message may be sent. */
  waitS: ComputedRef<number>;
  canSend: ComputedRef<boolean>;
  send(): Promise<void>;
}

/**
 * Writing one message after the other. `pictureAt` says when the picture was that its author sees, ms since the epoch;
 * with `alwaysOver` every message flies over it.
 */
export function useComposer(chat: Chat, options: { pictureAt: () => number; alwaysOver?: boolean }): Composer {
  const preferences = usePreferences();
  const errorText = useErrorText();
  const now = useClock();
  const text = ref('');
  const replyTo = shallowRef<ChatMessage | null>(null);
  const refusal = ref('');
  const busy = ref(false);
  const waitS = computed(() => Math.max(0, Math.ceil((chat.waitUntil.value - now.value.getTime()) / 1000)));
  const trimmed = computed(() => text.value.replaceAll(/\s+/gu, ' ').trim());
  const canSend = computed(() => trimmed.value !== '' && !busy.value && waitS.value === 0);

  function input(): SendChatInput {
    const { on, color, position } = preferences.sending;
    return {
      text: trimmed.value,
      clientId: newKey(),
      mediaAt: Math.round(options.pictureAt()),
      ...((on || options.alwaysOver) && chat.settings.value?.danmaku ? { danmaku: { color, position } } : {}),
      ...(replyTo.value ? { replyTo: replyTo.value.id } : {}),
    };
  }

  async function send(): Promise<void> {
    if (!canSend.value) return;
    const [written, answered] = [text.value, replyTo.value];
    const message = input();
    [busy.value, refusal.value, text.value, replyTo.value] = [true, '', '', null];
    try {
      chat.said(await sendChat(chat, message));
      const slowS = chat.settings.value?.slowModeSeconds ?? 0;
      if (slowS > 0 && !chat.isTrusted.value) chat.waitUntil.value = Date.now() + slowS * 1000;
    } catch (reason) {
      refused(reason);
      // Nothing that somebody wrote is lost, unless they wrote on meanwhile.
      if (text.value === '') [text.value, replyTo.value] = [written, answered];
    } finally {
      busy.value = false;
    }
  }

  function refused(reason: unknown): void {
    refusal.value = errorText(reason);
    if (!(reason instanceof KaiboError)) return;
    const { code, retryAfterMs } = reason;
    const usualMs = code === 'slow_mode' ? (chat.settings.value?.slowModeSeconds ?? 0) * 1000 : 1_000;
    if (code === 'slow_mode' || code === 'rate_limited') chat.waitUntil.value = Date.now() + (retryAfterMs ?? usualMs);
  }

  return { text, replyTo, refusal, busy, waitS, canSend, send };
}

/** Over the connection that the page has; where that cannot carry it, or breaks, the same once more by a request. */
async function sendChat(chat: Chat, input: SendChatInput): Promise<ChatMessage> {
  const proof = { token: chat.token(), vid: (await useViewerId()) ?? undefined };
  try {
    const answer = await realtime.request({ type: 'chat', roomId: chat.roomId, ...input, ...proof });
    return (answer as { message: ChatMessage }).message;
  } catch (reason) {
    const isLost = reason instanceof KaiboError && ['network', 'needs_websocket', 'timeout'].includes(reason.code);
    if (!isLost) throw reason;
    return api.chat.send(chat.roomId, { ...input, ...proof });
  }
}
