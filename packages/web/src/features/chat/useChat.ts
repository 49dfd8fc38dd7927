import type { ChannelMessage, ChatMessage, ChatSettings, KaiboError } from '@kaibo/client';
import { inject, onScopeDispose, provide, ref, shallowRef } from 'vue';
import type { InjectionKey, Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';
import type { ChatLine } from './message-list.ts';
import { useChatLines } from './useChatLines.ts';
import type { ChatLines } from './useChatLines.ts';
import { useStanding } from './useStanding.ts';
import type { Standing } from './useStanding.ts';
import { useTold } from './useTold.ts';

const HISTORY_PAGE = 50;

export interface Chat extends Standing {
  readonly roomId: string;
  lines: ShallowRef<readonly ChatLine[]>;
  settings: ShallowRef<ChatSettings | null>;
  /** `refused`: the server does not let us listen. */
  state: Ref<'connecting' | 'open' | 'refused'>;
  /** What the host wants everybody to read. */
  pinned: ShallowRef<ChatMessage | null>;
  /** Until when the page writes nothing, as in slow mode; ms since the epoch. */
  waitUntil: Ref<number>;
  /** Whether there may be older messages than those in the list. */
  hasEarlier: Ref<boolean>;
  /** Its reader is not at the end; then nothing is taken away at the other. */
  isReading: Ref<boolean>;
  token(): string | undefined;
  loadEarlier(): Promise<void>;
  /** What this page said itself stands in its list at once. */
  said(message: ChatMessage): void;
  onOwn(listener: (message: ChatMessage) => void): void;
  removed(id: string): void;
}

const KEY: InjectionKey<Chat> = Symbol('chat');

/** The chat of the page; only below a page that called `provideChat`. */
export function useChat(): Chat {
  const chat = inject(KEY);
  if (!chat) throw new Error('no chat is provided here');
  return chat;
}

/** What is said in a room, for the calling page and what stands on it. */
export function provideChat(events: RoomEvents): Chat {
  const chat = createChat(events);
  provide(KEY, chat);
  return chat;
}

function createChat(events: RoomEvents): Chat {
  const list = useChatLines();
  const standing = useStanding(events);
  const settings = shallowRef<ChatSettings | null>(null);
  const pinned = shallowRef<ChatMessage | null>(null);
  const state = ref<Chat['state']['value']>('connecting');
  const history = useEarlier(events, list);
  useTold({ events, list, settings });

  function hear(message: ChannelMessage): void {
    state.value = 'open';
    if (message.kind !== 'snapshot') return;
    const known = message.data as { messages: ChatMessage[]; settings: ChatSettings; pinned?: ChatMessage };
    settings.value = known.settings;
    pinned.value = known.pinned ?? null;
    if (list.lines.value.length === 0) history.hasEarlier.value = known.messages.length >= HISTORY_PAGE;
    list.begin(known.messages);
  }

  function removed(id: string): void {
    list.remove(id);
    if (pinned.value?.id === id) pinned.value = null;
  }

  events.listen('chat', hear);
  events.on<ChatMessage>('chat.message', (message) => list.add([message]));
  events.on<{ id: string }>('chat.deleted', ({ id }) => removed(id));
  events.on<{ person: string }>('chat.cleared', ({ person }) => {
    list.clear(person);
    if (pinned.value?.person === person) pinned.value = null;
  });
  events.on<{ message: ChatMessage | null }>('chat.pinned', ({ message }) => (pinned.value = message));
  events.on<ChatSettings>('chat.settings', (next) => (settings.value = next));
  events.onRefused((_error: KaiboError) => {
    if (settings.value === null) state.value = 'refused';
  });

  const own = new Set<(message: ChatMessage) => void>();
  return {
    roomId: events.roomId,
    token: events.token,
    ...{ lines: list.lines, isReading: list.isReading, settings, pinned, state, waitUntil: ref(0) },
    ...standing,
    ...history,
    removed,
    said(message) {
      standing.me.value = message.person;
      list.add([message]);
      own.forEach((listener) => listener(message));
    },
    onOwn(listener) {
      own.add(listener);
      onScopeDispose(() => own.delete(listener));
    },
  };
}

/** What was said before the list begins, page by page. */
function useEarlier(events: RoomEvents, list: ChatLines): Pick<Chat, 'hasEarlier' | 'loadEarlier'> {
  const hasEarlier = ref(true);
  let isLoading = false;

  async function loadEarlier(): Promise<void> {
    const first = list.lines.value.find(({ kind }) => kind === 'message');
    if (isLoading || !first || !hasEarlier.value) return;
    isLoading = true;
    try {
      const page = await api.chat.history(events.roomId, {
        before: first.id,
        limit: HISTORY_PAGE,
        token: events.token(),
      });
      hasEarlier.value = page.more;
      list.add(page.messages);
      list.flush();
    } catch {
      // Whoever scrolls up again asks again.
    } finally {
      isLoading = false;
    }
  }

  return { hasEarlier, loadEarlier };
}
