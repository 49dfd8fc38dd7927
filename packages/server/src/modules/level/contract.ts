import type { Transaction } from '../../database/database.ts';

export interface ExperienceFact {
  channelId: string;
  userId: string;
  /** Coins of a gift (negative when refunded), or messages written. */
  kind: 'gift' | 'chat';
  amount: number;
  at: number;
}

/** How others say what earns experience, in the transaction of what happened. */
export interface ExperienceFeed {
  add(transaction: Transaction, facts: readonly ExperienceFact[]): Promise<void>;
}

export interface FanBadge {
  level: number;
  /** What the channel calls its fans. */
  name?: string;
}

/** Fans of a channel; at most a few seconds old. Who has no level yet is left out. */
export interface FanBadges {
  badgesOf(channelId: string, userIds: readonly string[]): Promise<Map<string, FanBadge>>;
}
