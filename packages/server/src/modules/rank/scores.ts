import { sql, type RawBuilder } from 'kysely';
import type { Transaction } from '../../database/database.ts';
import { jsonRows } from '../../database/json-rows.ts';
import type { PeriodStarts, RankFact } from './contract.ts';
import { PERIODS, type Period } from './period.ts';

/** Rows of one statement. */
const CHUNK = 2000;

/** A ranking: whose, of what, and of when. */
export interface BoardKey {
  board: string;
  /** '' for all of the platform, else `channel:ID` or `room:ID`. */
  scope: string;
  period: Period;
  /** ms since the epoch. */
  start: number;
}

export const CHANNEL_SCOPE = 'channel:';
export const channelScope = (channelId: string): string => CHANNEL_SCOPE + channelId;
export const roomScope = (roomId: string): string => `room:${roomId}`;

interface ScoreRow extends BoardKey {
  subject: string;
  score: number;
  reached_at: number;
}

const SUPPORTER_PERIODS = ['week', 'all'] as const;

/** Every ranking in which a fact counts. */
function keysOf({ board, channelId, roomId, at }: RankFact, calendar: PeriodStarts): BoardKey[] {
  const starts = calendar.startsAt(at);
  if (board !== 'supporters') return PERIODS.map((period) => ({ board, scope: '', period, start: starts[period] }));
  const ofChannel = SUPPORTER_PERIODS.map((period) => ({ period, start: starts[period] }));
  return [
    ...(channelId === undefined ? [] : ofChannel.map((key) => ({ ...key, board, scope: channelScope(channelId) }))),
    ...(roomId === undefined ? [] : [{ board, scope: roomScope(roomId), period: 'all' as const, start: 0 }]),
  ];
}

/** Counts facts, in any order: sums, and of viewers the most. Answers the rankings that changed. */
export async function applyFacts(
  transaction: Transaction,
  facts: readonly RankFact[],
  calendar: PeriodStarts,
): Promise<BoardKey[]> {
  const rows = new Map<string, ScoreRow>();
  const keys = new Map<string, BoardKey>();
  for (const fact of facts) {
    for (const key of keysOf(fact, calendar)) {
      const name = [key.board, key.scope, key.period, key.start].join(' ');
      keys.set(name, key);
      // Of somebody who is to be looked at anew.
      if (fact.amount === 0) continue;
      const id = `${name} ${fact.userId}`;
      rows.set(id, merge(rows.get(id), { ...key, subject: fact.userId, ...scoreOf(fact) }));
    }
  }
  // In one order, so that two who count at one time wait for each other and never in a circle.
  const sorted = [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const [most, sums] = [sorted.filter(isMost), sorted.filter((row) => !isMost(row))];
  for (let from = 0; from < sums.length; from += CHUNK) await addSums(transaction, sums.slice(from, from + CHUNK));
  for (let from = 0; from < most.length; from += CHUNK) await keepMost(transaction, most.slice(from, from + CHUNK));
  return [...keys.values()];
}

const isMost = ({ board }: ScoreRow): boolean => board === 'viewers';

/** What is taken back does not move when the rest was reached. */
function scoreOf({ amount, at }: RankFact): Pick<ScoreRow, 'score' | 'reached_at'> {
  return { score: amount, reached_at: amount > 0 ? at : 0 };
}

function merge(known: ScoreRow | undefined, row: ScoreRow): ScoreRow {
  if (known === undefined) return row;
  if (!isMost(row))
    return { ...row, score: known.score + row.score, reached_at: Math.max(known.reached_at, row.reached_at) };
  if (known.score !== row.score) return known.score > row.score ? known : row;
  return known.reached_at <= row.reached_at ? known : row;
}

/** In the order of the rows, each of which stands for another key. What comes late of an account that is gone is dropped. */
function insertOf(transaction: Transaction, rows: readonly ScoreRow[]): RawBuilder<unknown> {
  return sql`
    insert into rank_scores (board, scope, period, start, subject, score, reached_at)
    select value->>'board', value->>'scope', value->>'period', cast(value->>'start' as bigint), value->>'subject',
      cast(value->>'score' as bigint), cast(value->>'reached_at' as bigint)
    from ${jsonRows(transaction, rows)}
    where exists (select 1 from users where users.id = value->>'subject')
    on conflict (board, scope, period, start, subject) do update`;
}

async function addSums(transaction: Transaction, rows: readonly ScoreRow[]): Promise<void> {
  await sql`${insertOf(transaction, rows)} set
    score = rank_scores.score + excluded.score,
    reached_at = case when excluded.reached_at > rank_scores.reached_at
      then excluded.reached_at else rank_scores.reached_at end`.execute(transaction);
}

async function keepMost(transaction: Transaction, rows: readonly ScoreRow[]): Promise<void> {
  await sql`${insertOf(transaction, rows)} set score = excluded.score, reached_at = excluded.reached_at
    where excluded.score > rank_scores.score
      or (excluded.score = rank_scores.score and excluded.reached_at < rank_scores.reached_at)`.execute(transaction);
}
