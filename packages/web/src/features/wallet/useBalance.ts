import type { WalletChange } from '@kaibo/client';
import { onScopeDispose, ref, watch } from 'vue';
import type { Ref } from 'vue';
import { api, realtime } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';

export interface Balance {
  /** Coins to spend of whoever is logged in; null while that is not known. */
  coins: Ref<number | null>;
  /**
   * Called before something is paid; what comes back takes the balance of its answer. An event that came in between is
   * newer or will be followed by one that is, so the answer does not count then.
   */
  paying(): (coins: number) => void;
  reload(): Promise<void>;
}

/** What somebody has to spend, in every tab the same, for as long as the calling component lives. */
export function useBalance(): Balance {
  const account = useAccount();
  const coins = ref<number | null>(null);
  let changes = 0;
  let stop = (): void => {};

  async function reload(): Promise<void> {
    const settle = paying();
    const who = account.user?.id;
    // Without an answer it is unknown until the next event; nothing is refused for that here.
    const wallet = who === undefined ? undefined : await api.wallet.balance().catch(() => undefined);
    if (wallet && who === account.user?.id) settle(wallet.balance);
  }

  function paying(): (coins: number) => void {
    const before = changes;
    return (next) => {
      if (before === changes) coins.value = next;
    };
  }

  function follow(): void {
    stop = realtime.subscribe('user', (message) => {
      // What was missed is asked for.
      if (message.kind === 'snapshot') return void reload();
      if (message.event !== 'wallet.changed') return;
      const change = message.data as WalletChange;
      if (change.account !== 'spendable') return;
      changes++;
      coins.value = change.balance;
    });
  }

  watch(
    () => account.user?.id,
    (id) => {
      stop();
      stop = () => {};
      changes++;
      coins.value = null;
      if (id === undefined) return;
      follow();
      void reload();
    },
    { immediate: true },
  );
  onScopeDispose(() => stop());
  return { coins, paying, reload };
}
