// The tables of migrations/0010-rankings.ts as rows.
import type { Generated } from 'kysely';

export interface RankTables {
  rank_feed: RankFeedTable;
  rank_scores: RankScoreTable;
}

/** What happened and is not counted yet, written in the transaction in which it happened. */
interface RankFeedTable {
  seq: Generated<number>;
  board: string;
  /** Of supporters only. */
  channel_id: string | null;
  room_id: string | null;
  user_id: string;
  amount: number;
  at: number;
}

/** How much somebody has in a period. */
interface RankScoreTable {
  board: string;
  /** '' for all of the platform; `channel:ID` and `room:ID` of supporters. */
  scope: string;
  /** hour, day, week or all. */
  period: string;
  /** ms since the epoch at which the period began; 0 of all. */
  start: number;
  /** The account that is listed. */
  subject: string;
  /** Not above 0 is not listed. */
  score: number;
  /** When the last of it came, ms since the epoch: of equal ones the earlier stands before. */
  reached_at: number;
}
