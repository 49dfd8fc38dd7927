import type { Transaction } from '../../database/database.ts';
import type { RankFact, RankFeed } from './contract.ts';

/** Rows of one statement. */
const CHUNK = 500;

/** Writes what counts beside what happened; the projector counts it. */
export const rankFeed: RankFeed = {
  add: (transaction, facts) =>
    insertFacts(
      transaction,
      facts.filter(({ amount }) => amount !== 0),
    ),
};

/** The boards on which somebody stands are to be looked at anew though no score changed: they are banned, or gone. */
export async function touchBoardsOf(
  transaction: Transaction,
  { userId, channelIds, at }: { userId: string; channelIds: readonly string[]; at: number },
): Promise<void> {
  const platform: RankFact = { board: 'revenue', userId, amount: 0, at };
  const channels = channelIds.map((channelId): RankFact => ({ ...platform, board: 'supporters', channelId }));
  await insertFacts(transaction, [platform, ...channels]);
}

async function insertFacts(transaction: Transaction, facts: readonly RankFact[]): Promise<void> {
  const rows = facts.map(({ board, channelId = null, roomId = null, userId, amount, at }) => ({
    ...{ board, channel_id: channelId, room_id: roomId, user_id: userId, amount, at },
  }));
  for (let from = 0; from < rows.length; from += CHUNK)
    await transaction
      .insertInto('rank_feed')
      .values(rows.slice(from, from + CHUNK))
      .execute();
}
