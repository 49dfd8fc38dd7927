import type { Transaction } from '../../database/database.ts';

/** Something that counts. Negative amounts take back, in the period of `at`. */
export interface RankFact {
  board: 'revenue' | 'followers' | 'supporters' | 'viewers';
  /** Of supporters: the channel, and the room of the broadcast; nothing else has one. */
  channelId?: string;
  roomId?: string;
  /** The account that is listed. */
  userId: string;
  /** Coins, followers; of viewers: how many there were, of which the most counts. */
  amount: number;
  /** ms since the epoch. */
  at: number;
}

/** How others say what counts: in the transaction of what happened, so that no ranking differs from it. */
export interface RankFeed {
  add(transaction: Transaction, facts: readonly RankFact[]): Promise<void>;
}

/** The first three supporters of a channel this week; at most a second old. */
export interface SupporterBadges {
  badgesOf(channelId: string, userIds: readonly string[]): Promise<Map<string, 1 | 2 | 3>>;
}
