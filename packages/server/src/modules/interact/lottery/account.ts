import type { AccountHolder } from '../../auth/contract.ts';
import type { ProofCache } from './proof-cache.ts';
import type { LotteryStore } from './store.ts';
import { termsOf } from './view.ts';

/** What lotteries say of an account. A number in the chain and the id stay, for whoever checks the draw; the name goes. */
export function lotteryAccountHolder(store: LotteryStore, proofs: ProofCache): AccountHolder {
  return {
    name: 'lotteries',
    exportData: async (userId) => ({
      entered: (await store.ofUser(userId)).map((row) => {
        const { roomId, prize } = termsOf(row);
        return { lotteryId: row.lottery_id, roomId, prize, n: row.n, at: row.at, won: row.place !== null };
      }),
      held: (await store.heldBy(userId)).map((row) => ({ lotteryId: row.id, status: row.status, ...termsOf(row) })),
    }),
    accountGone: async (userId, why) => {
      if (why === 'banned') return;
      await store.forgetUser(userId);
      proofs.clear();
    },
  };
}
