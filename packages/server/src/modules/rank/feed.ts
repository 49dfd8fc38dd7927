import type { Transaction } from '../../database/database.ts';
import type { RankFact, RankFeed } from './contract.ts';

/** Rows of one statement. */
const CHUNK = 500;

/** Writes what counts beside what happened; the projector counts it. */
export const rankFeed: RankFeed = {
  add: async (transaction: Transaction, facts: readonly RankFact[]): Promise<void> => {
    const rows = facts
      .filter(({ amount }) => amount !== 0)
      .map(({ board, channelId = null, roomId = null, userId, amount, at }) => ({
        ...{ board, channel_id: channelId, room_id: roomId, user_id: userId, amount, at },
      }));
    for (let from = 0; from < rows.length; from += CHUNK)
      await transaction
        .insertInto('rank_feed')
        .values(rows.slice(from, from + CHUNK))
        .execute();
  },
};
