import { KaiboError } from '@kaibo/client';
import type { Gift, GiftAnswer } from '@kaibo/client';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { useAccount } from '../../stores/account.ts';
import { toast } from '../../toast.ts';
import { Sending } from './sending.ts';

export interface Gifting {
  /** The catalogue, the cheapest first; empty until it is there. */
  gifts: ShallowRef<readonly Gift[]>;
  /** Coins of whoever is logged in; null while that is not known. */
  balance: Ref<number | null>;
  /** The last order was refused for want of coins. */
  isShort: Ref<boolean>;
  give(gift: Gift, count: number): void;
}

/** The catalogue, one's coins, and giving in a room, for as long as the calling component lives. */
export function useGifting(roomId: string, token: () => string | undefined): Gifting {
  const account = useAccount();
  const errorText = useErrorText();
  const gifts = shallowRef<readonly Gift[]>([]);
  const balance = ref<number | null>(null);
  const isShort = ref(false);

  const sending = new Sending<Gift, GiftAnswer>({
    send: (gift, count, key) =>
      api.gifts.send(roomId, { giftId: gift.id, count, price: gift.price }, { key, token: token() }),
    isUnsure: (error) => error instanceof KaiboError && error.code === 'network',
    onSent: (answer) => {
      balance.value = answer.balance;
      isShort.value = false;
    },
    onRefused: (error) => {
      isShort.value = error instanceof KaiboError && error.code === 'insufficient_balance';
      if (!isShort.value) toast('error', errorText(error));
      void loadBalance();
    },
    newKey: () => crypto.randomUUID(),
  });

  async function load(): Promise<void> {
    gifts.value = await api.gifts.list();
  }

  async function loadBalance(): Promise<void> {
    balance.value = account.isLoggedIn ? (await api.wallet.balance()).balance : null;
  }

  watch(
    () => account.user?.id,
    () => void loadBalance().catch(() => {}),
    { immediate: true },
  );
  onScopeDispose(() => sending.stop());
  // Without the catalogue the bar is not shown; the room goes on without it.
  void load().catch(() => {});
  return { gifts, balance, isShort, give: (gift, count) => sending.press(gift, count) };
}
