import type { SentGift } from '@kaibo/client';
import { useDocumentVisibility } from '@vueuse/core';
import { watch } from 'vue';
import type { RoomEvents } from '../room/useRoomEvents.ts';

/**
 * Gifts of a room for what shows them at once. While nobody sees the page there is nothing to show: `unseen` is told
 * when that begins, so that nothing piles up for later.
 */
export function useSentGifts(
  events: RoomEvents,
  {
    minCoins,
    sent,
    unseen,
  }: {
    /** Combos of less coins are left out. */
    minCoins: () => number;
    sent: (gift: SentGift) => void;
    unseen: () => void;
  },
): void {
  const visibility = useDocumentVisibility();
  events.on<SentGift>('gift.sent', (gift) => {
    if (visibility.value === 'visible' && gift.combo.count * gift.gift.price >= minCoins()) sent(gift);
  });
  watch(visibility, (now) => now === 'hidden' && unseen());
}
