import type { Outbox } from '../../database/outbox.ts';
import type { AccountHolder } from '../auth/contract.ts';
import { overlayOf } from './overlays.ts';
import type { OverlayStore } from './store.ts';

/** What overlays and goals say of an account. The tokens of a banned one are refused when they are used. */
export function overlayAccountHolder({ store, outbox }: { store: OverlayStore; outbox: Outbox }): AccountHolder {
  return {
    name: 'overlays',
    exportData: async (userId) => {
      const goal = await store.goalOf(userId);
      return {
        overlays: (await store.ofUser(userId)).map(overlayOf),
        goal: goal && { title: goal.title, kind: goal.kind, target: goal.target, startedAt: goal.started_at },
      };
    },
    accountGone: async (userId, why) => {
      if (why === 'banned') return;
      await outbox.transact(({ transaction }) => store.forgetUser(transaction, userId));
    },
  };
}
