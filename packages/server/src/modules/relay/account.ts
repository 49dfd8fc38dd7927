import type { Outbox } from '../../database/outbox.ts';
import { CONTROL_CHANNEL, type AccountHolder } from '../auth/contract.ts';
import { RELAY_CHANGED } from './contract.ts';
import type { RelayStore } from './store.ts';
import { shownUrl } from './target-url.ts';

/** What targets say of an account. Asked before the live module, which then no longer knows whose the rooms were. */
export function relayAccountHolder({ store, outbox }: { store: RelayStore; outbox: Outbox }): AccountHolder {
  return {
    name: 'relays',
    exportData: async (userId) =>
      (await store.ofUser(userId)).map(({ play_id: playId, name, url, enabled, created_at: createdAt }) => ({
        playId,
        name: name ?? undefined,
        url: shownUrl(url),
        enabled: enabled === 1,
        createdAt,
      })),
    accountGone: async (userId, why) => {
      // Of a banned account nothing is live, and so nothing is sent.
      if (why === 'banned') return;
      await outbox.transact(async ({ transaction, emit }) => {
        await store.forgetUser(transaction, userId);
        await emit({ channel: CONTROL_CHANNEL, event: RELAY_CHANGED, data: {} });
      });
    },
  };
}
