import { useIntervalFn } from '@vueuse/core';
import { ref, watch } from 'vue';
import type { Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import type { ChatLine } from './message-list.ts';

/** How often something is said aloud at most. */
const PAUSE_MS = 5_000;
/** As many are read out; of more only how many they are. */
const MAX_READ = 2;

/**
 * What a screen reader says of a list that grows: each message while the chat is slow, of a busy one only how many came,
 * and always what is said to oneself. Lines before the newest that was known are history, and not told.
 */
export function useAnnouncements(lines: () => readonly ChatLine[], userId: () => string | undefined): Ref<string> {
  const { t } = useI18n();
  const announced = ref('');
  let pending: ChatLine[] = [];
  let count = 0;

  const isToMe = (line: ChatLine): boolean =>
    line.kind === 'message' && (line.message.mentions?.some((one) => one.userId === userId()) ?? false);

  function textOf(line: ChatLine): string {
    if (line.kind === 'system') return line.text;
    if (line.kind === 'message') return `${line.message.user.name}: ${line.message.text}`;
    return '';
  }

  watch(lines, (now, before) => {
    const last = before.at(-1)?.id;
    const known = last === undefined ? now.length - 1 : now.findLastIndex(({ id }) => id === last);
    const added = now.slice(known + 1);
    if (known < 0) return;
    count += added.length;
    pending = [...pending.filter(isToMe), ...added].slice(-MAX_READ);
  });
  useIntervalFn(() => {
    if (count === 0) return;
    const texts = (count > MAX_READ ? pending.filter(isToMe) : pending).map(textOf).filter((text) => text !== '');
    const more = count > MAX_READ ? [t('chat.newMessages', { n: count }, count)] : [];
    announced.value = [...texts, ...more].join('\n');
    [pending, count] = [[], 0];
  }, PAUSE_MS);
  return announced;
}
