import type { Database } from '../../database/database.ts';
import type { AccountHolder } from '../auth/contract.ts';
import { channelScope } from './scores.ts';
import type { RankStore } from './store.ts';

/** Places go with the account. One that is banned is only not listed, and comes back with the end of the ban. */
export function rankAccountHolder(database: Database, store: RankStore): AccountHolder {
  return {
    name: 'rankings',
    exportData: (userId) => store.scoresOf(userId),
    accountGone: async (userId, why) => {
      if (why === 'banned') return;
      await database.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('rank_feed').where('user_id', '=', userId).execute();
        await transaction.deleteFrom('rank_scores').where('subject', '=', userId).execute();
        await transaction
          .deleteFrom('rank_scores')
          .where('board', '=', 'supporters')
          .where('scope', '=', channelScope(userId))
          .execute();
      });
    },
  };
}
