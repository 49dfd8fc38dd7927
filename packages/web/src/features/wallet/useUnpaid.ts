import type { WalletChange } from '@kaibo/client';
import { onScopeDispose, ref } from 'vue';
import type { Ref } from 'vue';
import { api, realtime } from '../../api.ts';

/**
 * What a streamer earned and was not paid yet, kept current for as long as the calling component lives. `onChange` hears
 * of every change of it.
 */
export function useUnpaid(onChange: () => void = () => {}): Ref<number | null> {
  const unpaid = ref<number | null>(null);

  async function ask(): Promise<void> {
    // Without an answer the next change says it.
    unpaid.value = (await api.wallet.balance().catch(() => undefined))?.revenue ?? unpaid.value;
  }

  onScopeDispose(
    realtime.subscribe('user', (message) => {
      if (message.kind === 'snapshot') {
        onChange();
        return void ask();
      }
      const change = message.data as WalletChange;
      if (message.event !== 'wallet.changed' || change.account !== 'revenue') return;
      unpaid.value = change.balance;
      onChange();
    }),
  );
  return unpaid;
}
