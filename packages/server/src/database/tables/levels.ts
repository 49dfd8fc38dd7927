// The tables of migrations/0011-levels.ts as rows.
import type { Generated } from 'kysely';

export interface LevelTables {
  level_feed: LevelFeedTable;
  fan_levels: FanLevelTable;
  fan_badges: FanBadgeTable;
}

/** What earns experience and is not counted yet, written in the transaction in which it happened. */
interface LevelFeedTable {
  seq: Generated<number>;
  channel_id: string;
  user_id: string;
  /** gift (coins), chat (messages) or watch (minutes). */
  kind: string;
  amount: number;
  at: number;
}

export interface FanLevelTable {
  channel_id: string;
  user_id: string;
  experience: number;
  /** 0 below the first threshold. */
  level: number;
  /** ms since the epoch at which the day began that the next two are of. */
  day: number;
  /** Experience earned that day by watching, and by chatting. */
  day_watch: number;
  day_chat: number;
  updated_at: number;
}

/** What a channel calls its fans. */
interface FanBadgeTable {
  channel_id: string;
  name: string;
  updated_at: number;
}
