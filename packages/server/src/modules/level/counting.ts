import { sql, type RawBuilder } from 'kysely';
import type { Transaction } from '../../database/database.ts';
import { jsonRows } from '../../database/json-rows.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { FanLevelTable } from '../../database/tables/levels.ts';
import type { PeriodStarts } from '../rank/contract.ts';
import { userChannelOf } from '../user/contract.ts';
import { LEVEL_UP, type LevelRules } from './contract.ts';
import type { CountedFact } from './feed.ts';
import { advance, NOTHING, type Progress } from './rules.ts';

/** Facts counted in one transaction. */
const BATCH = 2000;

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
    if (fans.length === 0) return 0;
    for (const { channelId, userId, level } of await countFans(transaction, fans, deps)) {
      const badge = await transaction
        .selectFrom('fan_badges')
        .select('name')
        .where('channel_id', '=', channelId)
        .executeTakeFirst();
      const data = { channelId, level, badge: { name: badge?.name } };
      await emit({ channel: userChannelOf(userId), event: LEVEL_UP, data });
    }
    return fans.reduce((total, { facts }) => total + facts.length, 0);
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
    const id = keyOf(channelId, userId);
    const fan = fans.get(id) ?? { channelId, userId, facts: [] };
    fan.facts.push({ channelId, userId, kind: kind as CountedFact['kind'], amount, at });
    fans.set(id, fan);
  }
  // In one order, so that two who count at one time never wait in a circle.
  return [...fans].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, fan]) => fan);
}

/** Answers who reached a level. */
async function countFans(
  transaction: Transaction,
  fans: readonly FanFacts[],
  { calendar, rules, now }: CountingDeps,
): Promise<{ channelId: string; userId: string; level: number }[]> {
  const known = await lockRows(transaction, fans, now());
  const risen: { channelId: string; userId: string; level: number }[] = [];
  const rows = fans.map(({ channelId, userId, facts }): FanLevelTable => {
    const row = known.get(keyOf(channelId, userId));
    let progress = row === undefined ? NOTHING : progressOf(row);
    for (const fact of facts) progress = advance(progress, { ...fact, day: calendar.startsAt(fact.at).day }, rules);
    if (progress.level > (row?.level ?? 0)) risen.push({ channelId, userId, level: progress.level });
    return { channel_id: channelId, user_id: userId, updated_at: now(), ...rowOf(progress) };
  });
  await sql`${insertOf(transaction, rows)} set experience = excluded.experience, level = excluded.level,
    day = excluded.day, day_watch = excluded.day_watch, day_chat = excluded.day_chat`.execute(transaction);
  return risen;
}

/** As they are, made where there are none: written first, so that their locks are held while they are read and changed. */
async function lockRows(
  transaction: Transaction,
  fans: readonly FanFacts[],
  nowMs: number,
): Promise<Map<string, FanLevelTable>> {
  const none = fans.map(
    ({ channelId, userId }): FanLevelTable => ({
      ...{ channel_id: channelId, user_id: userId, updated_at: nowMs },
      ...rowOf(NOTHING),
    }),
  );
  const { rows } = await sql<FanLevelTable>`
    ${insertOf(transaction, none)} set updated_at = excluded.updated_at returning *`.execute(transaction);
  return new Map(rows.map((row) => [keyOf(row.channel_id, row.user_id), row]));
}

const keyOf = (channelId: string, userId: string): string => `${channelId} ${userId}`;

/** In the order of the rows. */
function insertOf(transaction: Transaction, rows: readonly FanLevelTable[]): RawBuilder<unknown> {
  return sql`
    insert into fan_levels (channel_id, user_id, experience, level, day, day_watch, day_chat, updated_at)
    select value->>'channel_id', value->>'user_id', cast(value->>'experience' as bigint),
      cast(value->>'level' as integer), cast(value->>'day' as bigint), cast(value->>'day_watch' as integer),
      cast(value->>'day_chat' as integer), cast(value->>'updated_at' as bigint)
    from ${jsonRows(transaction, rows)} where true
    on conflict (channel_id, user_id) do update`;
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
