import { KaiboError, newKey } from '@kaibo/client';
import type { Gift, GiftAnswer } from '@kaibo/client';
import { useTimeoutFn } from '@vueuse/core';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { ComputedRef, Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { toast } from '../../toast.ts';
import { useBalance } from '../wallet/useBalance.ts';
import { COMBO_MS } from './combo-list.ts';
import { Sending } from './sending.ts';

/** Most pieces of one order. */
export const MAX_COUNT = 9999;

export interface Gifting {
  /** The catalogue, the cheapest first; empty until it is there. */
  gifts: ShallowRef<readonly Gift[]>;
  /** Coins of whoever is logged in; null while that is not known. */
  coins: Ref<number | null>;
  chosen: ShallowRef<Gift | null>;
  /** Pieces of an order, 1 to 9999. */
  count: Ref<number>;
  /** Coins of an order. */
  total: ComputedRef<number>;
  /** Coins that an order needs more than there are. */
  missing: ComputedRef<number>;
  /** Pieces that were given in a row; 0 once the combo is over. */
  combo: Ref<number>;
  /** Gives what is chosen. */
  give(): void;
}

/** The catalogue, one's coins, and giving in a room, for as long as the calling component lives. */
export function useGifting(roomId: string, token: () => string | undefined): Gifting {
  const errorText = useErrorText();
  const balance = useBalance();
  const gifts = shallowRef<readonly Gift[]>([]);
  const chosen = shallowRef<Gift | null>(null);
  const count = ref(1);
  const combo = ref(0);
  const comboEnds = useTimeoutFn(() => (combo.value = 0), COMBO_MS, { immediate: false });
  const total = computed(() => (chosen.value?.price ?? 0) * count.value);
  const missing = computed(() => (balance.coins.value === null ? 0 : Math.max(0, total.value - balance.coins.value)));

  const sending = new Sending<Gift, GiftAnswer>({
    send: async (gift, pieces, key) => {
      const settle = balance.paying();
      const input = { giftId: gift.id, count: pieces, price: gift.price };
      const answer = await api.gifts.send(roomId, input, { key, token: token() });
      settle(answer.balance);
      return answer;
    },
    isUnsure: (error) => error instanceof KaiboError && error.code === 'network',
    onSent: (answer) => {
      if (answer.gift.id !== chosen.value?.id || !chosen.value.combo) return;
      combo.value = answer.combo.count;
      comboEnds.start();
    },
    onRefused: (error) => {
      toast('error', errorText(error));
      void balance.reload();
      // Another price, or no longer there: the catalogue is looked at anew.
      if (error instanceof KaiboError && error.code.startsWith('gift_')) void load();
    },
    newKey,
  });

  async function load(): Promise<void> {
    // Without the catalogue nothing is shown; the room goes on without it.
    gifts.value = await api.gifts.list().catch(() => gifts.value);
    chosen.value = gifts.value.find(({ id }) => id === chosen.value?.id) ?? null;
  }

  function give(): void {
    if (chosen.value === null || missing.value > 0) return;
    sending.press(chosen.value, count.value);
    if (combo.value > 0) comboEnds.start();
  }

  watch(
    () => chosen.value?.id,
    () => ([count.value, combo.value] = [1, 0]),
  );
  onScopeDispose(() => sending.stop());
  void load();
  return { gifts, coins: balance.coins, chosen, count, total, missing, combo, give };
}
