import type { ChannelMessage, ChatMessage, ChatSettings, KaiboError } from '@kaibo/client';
import { useTimeoutFn } from '@vueuse/core';
import { inject, onScopeDispose, provide, ref, shallowRef, watch } from 'vue';
import type { InjectionKey, Ref, ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { api } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';
import { mergeLines, trimLines, withoutMessage, withoutPerson } from './message-list.ts';
import type { ChatLine } from './message-list.ts';

/** However many come, the list is drawn anew this often at most. */
const FLUSH_MS = 80;
const HISTORY_PAGE = 50;

export interface Chat {
  readonly roomId: string;
  lines: ShallowRef<readonly ChatLine[]>;
  settings: ShallowRef<ChatSettings | null>;
  /** `refused`: the server does not let us listen. */
  state: Ref<'connecting' | 'open' | 'refused'>;
  /** Whom this page speaks as, once it is known: `user:ID`, or what the first message said. */
  me: Ref<string | null>;
  /** Until when this person may not write, ms since the epoch; Infinity for good, 0 when they may. */
  mutedUntil: Ref<number>;
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

interface Muted {
  person: string;
  /** ms since the epoch; absent for good. */
  until?: number;
}

function createChat(events: RoomEvents): Chat {
  const { t } = useI18n();
  const list = useLines();
  const settings = shallowRef<ChatSettings | null>(null);
  const state = ref<Chat['state']['value']>('connecting');
  const mutedUntil = ref(0);
  const me = useMe();
  const history = useEarlier(events, list);

  function hear(message: ChannelMessage): void {
    state.value = 'open';
    if (message.kind !== 'snapshot') return;
    const { messages, settings: known } = message.data as { messages: ChatMessage[]; settings: ChatSettings };
    settings.value = known;
    list.add(messages);
    history.hasEarlier.value =
      list.lines.value.length === 0 ? messages.length >= HISTORY_PAGE : history.hasEarlier.value;
  }

  function hearSettings(next: ChatSettings): void {
    const before = settings.value;
    settings.value = next;
    if (!before) return;
    const { slowModeSeconds: n } = next;
    if (n !== before.slowModeSeconds) list.tell(n > 0 ? t('chat.system.slowOn', { n }) : t('chat.system.slowOff'));
    const [only, was] = [next.followersOnlyMinutes !== null, before.followersOnlyMinutes !== null];
    if (only !== was) list.tell(t(only ? 'chat.system.followersOn' : 'chat.system.followersOff'));
  }

  function hearMuted({ person, until }: Muted): void {
    if (person === me.value) mutedUntil.value = until ?? Infinity;
    const isOver = until !== undefined && until <= Date.now();
    const name = list.nameOf(person);
    if (name !== undefined && !isOver) list.tell(t('chat.system.muted', { name }));
  }

  events.listen('chat', hear);
  events.on<ChatMessage>('chat.message', (message) => list.add([message]));
  events.on<{ id: string }>('chat.deleted', ({ id }) => list.remove(id));
  events.on<{ person: string }>('chat.cleared', ({ person }) => list.clear(person));
  events.on<ChatSettings>('chat.settings', hearSettings);
  events.on<Muted>('chat.muted', hearMuted);
  events.on<{ person: string }>('chat.unmuted', ({ person }) => {
    if (person === me.value) mutedUntil.value = 0;
  });
  events.onRefused((_error: KaiboError) => {
    if (settings.value === null) state.value = 'refused';
  });

  const own = new Set<(message: ChatMessage) => void>();
  return {
    roomId: events.roomId,
    token: events.token,
    ...{ lines: list.lines, isReading: list.isReading, settings, state, me, mutedUntil },
    ...history,
    removed: list.remove,
    said(message) {
      me.value = message.person;
      list.add([message]);
      own.forEach((listener) => listener(message));
    },
    onOwn(listener) {
      own.add(listener);
      onScopeDispose(() => own.delete(listener));
    },
  };
}

function useMe(): Ref<string | null> {
  const account = useAccount();
  const me = ref<string | null>(null);
  watch(
    () => account.user?.id,
    (id) => (me.value = id === undefined ? null : `user:${id}`),
    { immediate: true },
  );
  return me;
}

type Lines = ReturnType<typeof useLines>;

/** The list itself. What comes is put together first, so that a storm of messages is a few drawings a second. */
function useLines() {
  const lines = shallowRef<readonly ChatLine[]>([]);
  const isReading = ref(false);
  let arrived: ChatMessage[] = [];
  let told = 0;
  const { start, isPending } = useTimeoutFn(flush, FLUSH_MS, { immediate: false });

  function flush(): void {
    if (arrived.length === 0) return;
    lines.value = trimLines(mergeLines(lines.value, arrived), isReading.value);
    arrived = [];
  }

  function tell(text: string): void {
    flush();
    lines.value = [...lines.value, { kind: 'system', id: `system-${(told += 1)}`, text }];
  }

  return {
    lines,
    isReading,
    flush,
    tell,
    add(messages: readonly ChatMessage[]): void {
      arrived.push(...messages);
      if (!isPending.value) start();
    },
    remove(id: string): void {
      flush();
      lines.value = withoutMessage(lines.value, id);
    },
    clear(person: string): void {
      flush();
      lines.value = withoutPerson(lines.value, person);
    },
    nameOf(person: string): string | undefined {
      const line = lines.value.findLast((one) => one.kind === 'message' && one.message.person === person);
      return line?.kind === 'message' ? line.message.user.name : undefined;
    },
  };
}

/** What was said before the list begins, page by page. */
function useEarlier(events: RoomEvents, list: Lines): Pick<Chat, 'hasEarlier' | 'loadEarlier'> {
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
