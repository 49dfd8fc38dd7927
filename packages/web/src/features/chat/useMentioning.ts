import { computed, ref } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { recentPeople } from './message-list.ts';
import type { Chat } from './useChat.ts';

const MAX_SUGGESTIONS = 5;
const REMEMBERED = 60;
/** The name that is being written, up to the cursor. */
const BEGUN = /(?:^|\s)@([\p{L}\p{N}_.-]{0,40})$/u;

export interface Suggestion {
  username: string;
  name: string;
}

export interface Mentioning {
  suggestions: ComputedRef<Suggestion[]>;
  /** Which of them Enter takes. */
  chosen: Ref<number>;
  /** Called when the text or the cursor moved. */
  look(caret: number): void;
  move(by: number): void;
  /** Puts a name in the place of what was begun. */
  take(suggestion: Suggestion): void;
  close(): void;
}

/** Suggests the people of the chat while a name is being written after an @. */
export function useMentioning(chat: Chat, text: Ref<string>): Mentioning {
  const caret = ref(0);
  const chosen = ref(0);
  const begun = computed(() => text.value.slice(0, caret.value).match(BEGUN)?.[1]);
  const suggestions = computed(() => {
    const start = begun.value?.toLowerCase();
    if (start === undefined) return [];
    return recentPeople(chat.lines.value, REMEMBERED)
      .flatMap(({ username, name }) => (username === undefined ? [] : [{ username, name }]))
      .filter(({ username, name }) => [username, name].some((word) => word.toLowerCase().startsWith(start)))
      .slice(0, MAX_SUGGESTIONS);
  });

  function take({ username }: Suggestion): void {
    const before = text.value.slice(0, caret.value - (begun.value?.length ?? 0));
    text.value = `${before}${username} ${text.value.slice(caret.value)}`;
    close();
  }

  function close(): void {
    [caret.value, chosen.value] = [0, 0];
  }

  return {
    suggestions,
    chosen,
    look: (position) => ([caret.value, chosen.value] = [position, 0]),
    move: (by) =>
      (chosen.value = (chosen.value + by + suggestions.value.length) % Math.max(1, suggestions.value.length)),
    take,
    close,
  };
}
