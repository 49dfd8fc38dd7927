import type { Outbox } from '../../database/outbox.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { InsightService } from './service.ts';
import type { InsightStore } from './store.ts';

/** Days of an export: as far as broadcasts are summed up one by one. */
const EXPORTED_DAYS = 90;

/** What is kept of how an account's broadcasts went. */
export function insightAccountHolder({
  service,
  store,
  outbox,
}: {
  service: InsightService;
  store: InsightStore;
  outbox: Outbox;
}): AccountHolder {
  return {
    name: 'insight',
    exportData: (userId) => service.ofChannel(userId, EXPORTED_DAYS),
    accountGone: async (userId, why) => {
      if (why === 'banned') return;
      await outbox.transact(({ transaction }) => store.forgetUser(transaction, userId));
    },
  };
}
