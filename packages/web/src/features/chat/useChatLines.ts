import type { ChatMessage, SentGift } from '@kaibo/client';
import { useTimeoutFn } from '@vueuse/core';
import { ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { mergeGifts, mergeLines, mergeSnapshot, trimLines, withoutMessage, withoutPerson } from './message-list.ts';
import type { ChatLine, ToldKind } from './message-list.ts';

/** However many come, the list is drawn anew this often at most. */
const FLUSH_MS = 80;
/** Between two drawings, and in a frame of its own. */
const TRIM_AFTER_MS = FLUSH_MS / 2;

export interface ChatLines {
  lines: ShallowRef<readonly ChatLine[]>;
  /** Its reader is not at the end; then less is taken away at the other. */
  isReading: Ref<boolean>;
  /** The last messages as the server has them, at first and whenever events were lost. */
  begin(messages: readonly ChatMessage[]): void;
  add(messages: readonly ChatMessage[]): void;
  /** A line for each combo, which counts up. */
  give(sent: SentGift): void;
  /** A line of the page itself. */
  tell(text: string, about?: ToldKind): void;
  remove(id: string): void;
  clear(person: string): void;
  /** How somebody is called who said something lately. */
  nameOf(person: string): string | undefined;
  /** Draws what came so far. */
  flush(): void;
}

/** The list itself. What comes is put together first, so that a storm of messages is a few drawings a second. */
export function useChatLines(): ChatLines {
  const lines = shallowRef<readonly ChatLine[]>([]);
  const isReading = ref(false);
  let arrived: ChatMessage[] = [];
  let given: SentGift[] = [];
  let told = 0;
  const { start, isPending } = useTimeoutFn(flush, FLUSH_MS, { immediate: false });

  function flush(): void {
    if (arrived.length === 0 && given.length === 0) return;
    show(mergeGifts(mergeLines(lines.value, arrived), given));
    [arrived, given] = [[], []];
  }

  const trimming = useTimeoutFn(() => (lines.value = trimLines(lines.value, isReading.value)), TRIM_AFTER_MS, {
    immediate: false,
  });

  /**
   * The oldest go in a step of their own: a list that changes at both ends at once loses the place of its reader. And in
   * another frame: there, all is where it was, while what comes and goes at once is to a browser a layout that jumps.
   */
  function show(next: readonly ChatLine[]): void {
    lines.value = next;
    if (trimLines(next, isReading.value) !== next && !trimming.isPending.value) trimming.start();
  }

  function flushSoon(): void {
    if (!isPending.value) start();
  }

  return {
    lines,
    isReading,
    flush,
    begin(messages) {
      flush();
      show(mergeSnapshot(lines.value, messages));
    },
    add(messages) {
      arrived.push(...messages);
      flushSoon();
    },
    give(sent) {
      given.push(sent);
      flushSoon();
    },
    tell(text, about = 'rules') {
      flush();
      show([...lines.value, { kind: 'system', id: `system-${(told += 1)}`, text, about }]);
    },
    remove(id) {
      flush();
      lines.value = withoutMessage(lines.value, id);
    },
    clear(person) {
      flush();
      lines.value = withoutPerson(lines.value, person);
    },
    nameOf(person) {
      const line = lines.value.findLast((one) => one.kind === 'message' && one.message.person === person);
      return line?.kind === 'message' ? line.message.user.name : undefined;
    },
  };
}
