import type { Transaction } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { FanLevelTable } from '../../database/tables/levels.ts';
import type { PeriodStarts } from '../rank/contract.ts';
import { userChannelOf } from '../user/contract.ts';
import { LEVEL_UP, type LevelRules } from './contract.ts';
import type { CountedFact } from './feed.ts';
import { advance, NOTHING, type Progress } from './rules.ts';

/** Facts counted in one transaction. */
const BATCH = 500;

export interface CountingDeps {
  outbox: Outbox;
  calendar: PeriodStarts;
  rules: LevelRules;
  now: () => number;
}

/** Somebody's facts in a channel, in the order in which they happened. */
interface FanFacts {
  channelId: string;
  userId: string;
  facts: CountedFact[];
}

/**
 * Counts the oldest facts that wait, each once, in the transaction that removes them, and tells who rose. Two that
 * count at one time take different fans, or wait for each other. Answers how many there were.
 */
export async function countExperience(deps: CountingDeps): Promise<number> {
  return deps.outbox.transact(async ({ transaction, emit }) => {
    const fans = await takeFans(transaction);
    let total = 0;
    for (const fan of fans) {
      total += fan.facts.length;
      const risenTo = await countFan(transaction, fan, deps);
      if (risenTo === undefined) continue;
      const { channelId, userId } = fan;
      const badge = await transaction
        .selectFrom('fan_badges')
        .select('name')
        .where('channel_id', '=', channelId)
        .executeTakeFirst();
      const data = { channelId, level: risenTo, badge: { name: badge?.name } };
      await emit({ channel: userChannelOf(userId), event: LEVEL_UP, data });
    }
    return total;
  });
}

async function takeFans(transaction: Transaction): Promise<FanFacts[]> {
  const rows = await transaction
    .deleteFrom('level_feed')
    .where('seq', 'in', (builder) => builder.selectFrom('level_feed').select('seq').orderBy('seq').limit(BATCH))
    .returningAll()
    .execute();
  const fans = new Map<string, FanFacts>();
  for (const { channel_id: channelId, user_id: userId, kind, amount, at } of rows.toSorted((a, b) => a.at - b.at)) {
    const id = `${channelId} ${userId}`;
    const fan = fans.get(id) ?? { channelId, userId, facts: [] };
    fan.facts.push({ channelId, userId, kind: kind as CountedFact['kind'], amount, at });
    fans.set(id, fan);
  }
  // In one order, so that two who count at one time never wait in a circle.
  return [...fans].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, fan]) => fan);
}

/** Answers the level that was reached, if one was. */
async function countFan(
  transaction: Transaction,
  { channelId, userId, facts }: FanFacts,
  { calendar, rules, now }: CountingDeps,
): Promise<number | undefined> {
  // Made first, so that its lock is held while it is read and written.
  await transaction
    .insertInto('fan_levels')
    .values({ ...rowOf(NOTHING), channel_id: channelId, user_id: userId, updated_at: now() })
    .onConflict((conflict) => conflict.columns(['channel_id', 'user_id']).doUpdateSet({ updated_at: now() }))
    .execute();
  const row = await transaction
    .selectFrom('fan_levels')
    .selectAll()
    .where('channel_id', '=', channelId)
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  let progress = progressOf(row);
  for (const fact of facts) progress = advance(progress, { ...fact, day: calendar.startsAt(fact.at).day }, rules);
  await transaction
    .updateTable('fan_levels')
    .set(rowOf(progress))
    .where('channel_id', '=', channelId)
    .where('user_id', '=', userId)
    .execute();
  return progress.level > row.level ? progress.level : undefined;
}

function progressOf({ experience, level, day, day_watch: dayWatch, day_chat: dayChat }: FanLevelTable): Progress {
  return { experience, level, day, dayWatch, dayChat };
}

function rowOf({
  experience,
  level,
  day,
  dayWatch,
  dayChat,
}: Progress): Omit<FanLevelTable, 'channel_id' | 'user_id' | 'updated_at'> {
  return { experience, level, day, day_watch: dayWatch, day_chat: dayChat };
}
