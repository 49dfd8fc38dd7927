import type { ChatMessage } from '@kaibo/client';
import { onScopeDispose } from 'vue';
import type { Chat } from '../chat/useChat.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';
import { DanmakuFeed } from './danmaku-feed.ts';
import type { DanmakuItem } from './danmaku-item.ts';

/** A viewer who is further behind than that sees it before its picture. */
const MAX_HOLD_MS = 15_000;
/** Less is not worth a timer. */
const MIN_HOLD_MS = 150;
const MAX_HELD = 200;

type LiveItem = Omit<DanmakuItem, 'isOwn'>;

/**
 * What flies in a live room. A viewer whose picture is further behind than the author's was sees it when their picture
 * is there; one's own comes at once.
 */
export function useLiveDanmaku(events: RoomEvents, chat: Chat, delayS: () => number): DanmakuFeed {
  const feed = new DanmakuFeed();
  const held = new Map<string, { timer: ReturnType<typeof setTimeout>; person: string }>();

  function hear(item: LiveItem, at: number): void {
    const holdMs = Math.min(MAX_HOLD_MS, item.mediaAt - (at - delayS() * 1000));
    if (holdMs < MIN_HOLD_MS || held.size >= MAX_HELD || item.person === chat.me.value) return feed.add(item);
    const timer = setTimeout(() => {
      held.delete(item.id);
      feed.add(item);
    }, holdMs);
    held.set(item.id, { timer, person: item.person });
  }

  function drop(matches: (id: string, person: string) => boolean): void {
    for (const [id, { timer, person }] of held) {
      if (!matches(id, person)) continue;
      clearTimeout(timer);
      held.delete(id);
    }
  }

  events.on<{ items: LiveItem[] }>('danmaku', ({ items }, at) => items.forEach((item) => hear(item, at)));
  events.on<{ id: string }>('chat.deleted', ({ id: deleted }) => {
    drop((id) => id === deleted);
    feed.remove(({ id }) => id === deleted);
  });
  events.on<{ person: string }>('chat.cleared', ({ person: cleared }) => {
    drop((_id, person) => person === cleared);
    feed.remove(({ person }) => person === cleared);
  });
  chat.onOwn((message) => {
    const item = danmakuOf(message);
    if (item && !message.held) feed.add({ ...item, isOwn: true });
  });
  onScopeDispose(() => drop(() => true));
  return feed;
}

/** A message as it flies; undefined when it does not. */
export function danmakuOf({ id, text, danmaku, mediaAt, person }: ChatMessage): DanmakuItem | undefined {
  return danmaku && { id, text, mediaAt, person, ...danmaku };
}
