import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { useClock } from '../../composables/useClock.ts';
import type { RoomPhase } from '../../composables/useRoom.ts';
import { formatDateTime } from '../../format.ts';
import { useAccount } from '../../stores/account.ts';
import type { Chat } from './useChat.ts';

export interface Gate {
  may: ComputedRef<boolean>;
  /** Why nobody, or not this person, may write; '' when there is no such reason. */
  reason: ComputedRef<string>;
  needsLogin: ComputedRef<boolean>;
  /** Whom one must follow, and how long, to write; '' when nobody. */
  followers: ComputedRef<string>;
  /** Seconds between two messages; 0 is none. */
  slowS: ComputedRef<number>;
}

/** Whether this person may write in the chat now. */
export function useGate(chat: Chat, phase: () => RoomPhase): Gate {
  const { t, locale } = useI18n();
  const account = useAccount();
  const now = useClock();

  const rules = computed(() => chat.settings.value);
  const reason = computed(() => {
    if (phase() === 'ended') return t('chat.ended');
    const until = chat.mutedUntil.value;
    if (until === Infinity) return t('chat.muted');
    if (until > now.value.getTime()) return t('chat.mutedUntil', { time: formatDateTime(until, locale.value) });
    return '';
  });
  const needsLogin = computed(() => {
    const isGuest = account.ready && !account.isLoggedIn && !chat.isTrusted.value;
    return isGuest && (rules.value?.guests === false || (rules.value?.followersOnlyMinutes ?? null) !== null);
  });
  const followers = computed(() => {
    const minutes = rules.value?.followersOnlyMinutes ?? null;
    if (minutes === null || chat.isTrusted.value) return '';
    return minutes === 0 ? t('chat.followersOnly') : t('chat.followersOnlyFor', { n: minutes });
  });
  const slowS = computed(() => (chat.isTrusted.value ? 0 : (rules.value?.slowModeSeconds ?? 0)));
  const may = computed(() => reason.value === '' && !needsLogin.value);
  return { may, reason, needsLogin, followers, slowS };
}
