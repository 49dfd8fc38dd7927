import type { Database, Transaction } from '../../database/database.ts';
import type { PeriodStarts, RankFact } from './contract.ts';
import { countTogether, isLocked } from './lock.ts';
import { applyFacts, type BoardKey } from './scores.ts';

/** Facts counted in one transaction. */
const BATCH = 5000;

export interface Counted {
  facts: RankFact[];
  /** Rankings that changed. */
  keys: BoardKey[];
  /** More may wait. */
  hasMore: boolean;
}

/**
 * Counts the oldest facts that wait, each once: a fact goes in the transaction that counts it. Safe to be called by
 * several at one time. Nothing is skipped by late commits, for there is no position in the feed, only what is there. While rankings are rebuilt nothing is counted.
 */
export async function countBatch(database: Database, calendar: PeriodStarts): Promise<Counted> {
  try {
    return await database.transaction().execute(async (transaction) => {
      await countTogether(transaction);
      const facts = await takeFacts(transaction);
      const keys = await applyFacts(transaction, facts, calendar);
      return { facts, keys, hasMore: facts.length === BATCH };
    });
  } catch (error) {
    if (isLocked(error)) return { facts: [], keys: [], hasMore: false };
    throw error;
  }
}

async function takeFacts(transaction: Transaction): Promise<RankFact[]> {
  const rows = await transaction
    .deleteFrom('rank_feed')
    .where('seq', 'in', (builder) => builder.selectFrom('rank_feed').select('seq').orderBy('seq').limit(BATCH))
    .returningAll()
    .execute();
  return rows.map(({ board, channel_id, room_id, user_id: userId, amount, at }) => ({
    ...{ board: board as RankFact['board'], userId, amount, at },
    channelId: channel_id ?? undefined,
    roomId: room_id ?? undefined,
  }));
}
