import type { Transaction } from '../../database/database.ts';
import type { ExperienceFact, ExperienceFeed } from './contract.ts';

/** Rows of one statement. */
const CHUNK = 500;

/** Minutes present count as well; only this module itself says so. */
export type CountedFact = Omit<ExperienceFact, 'kind'> & { kind: ExperienceFact['kind'] | 'watch' };

/** Writes what earns experience beside what happened; the projector counts it. */
export async function addExperience(transaction: Transaction, facts: readonly CountedFact[]): Promise<void> {
  const rows = facts
    .filter(({ amount, channelId, userId }) => amount !== 0 && channelId !== userId)
    .map(({ channelId, userId, kind, amount, at }) => ({ channel_id: channelId, user_id: userId, kind, amount, at }));
  for (let from = 0; from < rows.length; from += CHUNK)
    await transaction
      .insertInto('level_feed')
      .values(rows.slice(from, from + CHUNK))
      .execute();
}

export const experienceFeed: ExperienceFeed = { add: addExperience };
