import type { EarnedGifts, EarnedQuery } from '@kaibo/client';
import { useThrottleFn } from '@vueuse/core';
import { shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { api } from '../../api.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';

/** However many gifts come, it is asked anew this often at most. */
const ASK_EVERY_MS = 2000;

/** What gifts brought whoever is logged in, over some spans, kept current by the room's events. */
export function useEarned<Span extends string>(
  events: RoomEvents,
  spansOf: () => Record<Span, EarnedQuery>,
): ShallowRef<Record<Span, EarnedGifts> | null> {
  const earned = shallowRef<Record<Span, EarnedGifts> | null>(null);

  async function ask(): Promise<void> {
    const spans = Object.entries<EarnedQuery>(spansOf());
    try {
      const found = await Promise.all(spans.map(async ([span, query]) => [span, await api.gifts.earned(query)]));
      earned.value = Object.fromEntries(found) as Record<Span, EarnedGifts>;
    } catch {
      // The next gift asks again.
    }
  }

  const askSoon = useThrottleFn(ask, ASK_EVERY_MS, true, true);
  for (const event of ['gift.sent', 'gift.refunded']) events.on(event, () => void askSoon());
  // At first, and whenever events were lost.
  events.listen('room', ({ kind }) => void (kind === 'snapshot' && askSoon()));
  return earned;
}
