import type { Database, Transaction } from '../../database/database.ts';
import type { AccountHolder } from '../auth/contract.ts';
import { touchBoardsOf } from './feed.ts';
import { CHANNEL_SCOPE, channelScope } from './scores.ts';
import type { RankStore } from './store.ts';

/** Channels whose supporters are told at once that one is gone: those in which they gave most. */
const MAX_TOUCHED = 500;

export interface RankAccountDeps {
  database: Database;
  store: RankStore;
  now: () => number;
}

/** Places go with the account. One that is banned is only not listed, and comes back with the end of the ban. */
export function rankAccountHolder({ database, store, now }: RankAccountDeps): AccountHolder {
  return {
    name: 'rankings',
    exportData: (userId) => store.scoresOf(userId),
    accountGone: (userId, why) =>
      database.transaction().execute(async (transaction) => {
        const channelIds = await supportedBy(transaction, userId);
        if (why === 'deleted') await forget(transaction, userId);
        await touchBoardsOf(transaction, { userId, channelIds, at: now() });
      }),
  };
}

async function supportedBy(transaction: Transaction, userId: string): Promise<string[]> {
  const rows = await transaction
    .selectFrom('rank_scores')
    .select('scope')
    .where('subject', '=', userId)
    .where('board', '=', 'supporters')
    .where('period', '=', 'all')
    .where('scope', 'like', `${CHANNEL_SCOPE}%`)
    .orderBy('score', 'desc')
    .limit(MAX_TOUCHED)
    .execute();
  return rows.map(({ scope }) => scope.slice(CHANNEL_SCOPE.length));
}

async function forget(transaction: Transaction, userId: string): Promise<void> {
  await transaction.deleteFrom('rank_feed').where('user_id', '=', userId).execute();
  await transaction.deleteFrom('rank_scores').where('subject', '=', userId).execute();
  await transaction
    .deleteFrom('rank_scores')
    .where('board', '=', 'supporters')
    .where('scope', '=', channelScope(userId))
    .execute();
}
