import type { ChatSettings, Lottery, SentGift, UserSummary } from '@kaibo/client';
import { onScopeDispose, watch } from 'vue';
import type { ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { realtime } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';
import type { ChatLines } from './useChatLines.ts';

/** More names than these are only counted. */
const MAX_NAMES = 3;

interface Muted {
  person: string;
  /** ms since the epoch; absent for good. */
  until?: number;
}

/** Puts what happens in the room among what is said: gifts, lotteries, followers, rules. */
export function useTold(chat: {
  events: RoomEvents;
  list: ChatLines;
  settings: Readonly<ShallowRef<ChatSettings | null>>;
}): void {
  const { events, list, settings } = chat;
  const { t } = useI18n();

  function tellRules(next: ChatSettings, before: ChatSettings): void {
    const { slowModeSeconds: n } = next;
    if (n !== before.slowModeSeconds) list.tell(n > 0 ? t('chat.system.slowOn', { n }) : t('chat.system.slowOff'));
    const [only, was] = [next.followersOnlyMinutes !== null, before.followersOnlyMinutes !== null];
    if (only !== was) list.tell(t(only ? 'chat.system.followersOn' : 'chat.system.followersOff'));
  }

  function tellMuted({ person, until }: Muted): void {
    const isOver = until !== undefined && until <= Date.now();
    const name = list.nameOf(person);
    if (name !== undefined && !isOver) list.tell(t('chat.system.muted', { name }));
  }

  function tellEnd({ prize, status, result }: Lottery): void {
    if (status === 'cancelled') return list.tell(t('chat.system.lotteryCancelled', { prize }), 'lottery');
    const names = result?.winners.map(({ name }) => name) ?? [];
    if (names.length === 0) return list.tell(t('chat.system.lotteryNobody', { prize }), 'lottery');
    const shown = names.slice(0, MAX_NAMES).join(t('chat.system.and'));
    const winners = names.length > MAX_NAMES ? t('chat.system.andMore', { names: shown, n: names.length }) : shown;
    list.tell(t('chat.system.lotteryWon', { winners, prize }), 'lottery');
  }

  watch(settings, (next, before) => next && before && tellRules(next, before));
  events.on<Muted>('chat.muted', tellMuted);
  events.on<SentGift>('gift.sent', list.give);
  events.on<Lottery>('lottery.started', ({ prize }) =>
    list.tell(t('chat.system.lotteryStarted', { prize }), 'lottery'),
  );
  events.on<Lottery>('lottery.ended', tellEnd);
  onFollower(({ name }) => list.tell(t('chat.system.followed', { name }), 'follow'));
}

/** Who begins to follow the account of this page; only they themselves are told. */
function onFollower(listener: (follower: UserSummary) => void): void {
  const account = useAccount();
  let stop = (): void => {};
  watch(
    () => account.user?.id,
    (id) => {
      stop();
      stop = id === undefined ? () => {} : realtime.subscribe('user', hear);
    },
    { immediate: true },
  );
  function hear(message: { kind: string; event?: string; data: unknown }): void {
    if (message.event === 'user.followed') listener((message.data as { follower: UserSummary }).follower);
  }
  onScopeDispose(() => stop());
}
