import type { Outbox } from '../../../database/outbox.ts';
import type { AccountHolder } from '../../auth/contract.ts';
import type { GiftStore } from './store.ts';
import { plainOrder } from './view.ts';

/** Most gifts in a data export; the books have the others. */
const MOST_EXPORTED = 10_000;

/** What gifts say of an account. Orders are pages of the books: they stay, with its id only. */
export function giftAccountHolder({ store, outbox }: { store: GiftStore; outbox: Outbox }): AccountHolder {
  return {
    name: 'gifts',
    exportData: async (userId) => (await store.ofUser(userId, MOST_EXPORTED)).map(plainOrder),
    accountGone: async (userId, why) => {
      if (why === 'banned') return;
      await outbox.transact(({ transaction }) => store.forgetCombos(transaction, userId));
    },
  };
}
