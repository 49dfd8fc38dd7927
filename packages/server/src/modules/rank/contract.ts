import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
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

/** When the periods of rankings began that a moment is in, where the platform is at home; ms since the epoch. */
export interface PeriodStarts {
  startsAt(atMs: number): Readonly<Record<'hour' | 'day' | 'week' | 'all', number>>;
}

/** Entries of a board at most. */
export const MAX_ENTRIES = 100;

export const boardPeriodSchema = z
  .enum(['now', 'hour', 'day', 'week', 'all'])
  .describe('now is of viewers only: how many there are');
export const supporterPeriodSchema = z.enum(['live', 'week', 'all']).describe('live is this broadcast');

export const rankEntrySchema = z.object({
  userId: z.string(),
  username: z.string(),
  name: z.string(),
  avatar: z.string().optional(),
  score: z.int(),
  place: z.int().describe('From 1; of equal scores, who had it first stands before'),
});
export type RankEntry = z.output<typeof rankEntrySchema>;

const own = rankEntrySchema.pick({ score: true, place: true });

export const rankBoardSchema = z.object({
  board: z.enum(['viewers', 'followers', 'revenue']),
  period: boardPeriodSchema,
  start: z.number().optional().describe('When the period began, ms since the epoch'),
  entries: z.array(rankEntrySchema),
  me: own.optional().describe('Of the caller, when listed, however far down'),
});
export const supportersSchema = z.object({
  period: supporterPeriodSchema,
  start: z.number().optional().describe('When the period began, ms since the epoch'),
  entries: z.array(rankEntrySchema),
  me: own.optional().describe('Of the caller, when listed, however far down'),
});

const limit = z.coerce.number().int().min(1).max(MAX_ENTRIES).default(MAX_ENTRIES);
export const boardParamsSchema = z.object({ board: z.enum(['viewers', 'followers', 'revenue']) });
export const boardQuerySchema = z.object({ period: boardPeriodSchema.default('day'), limit });
export const supportersQuerySchema = z.object({
  period: supporterPeriodSchema.default('live'),
  limit,
  token: z.string().max(500).optional().describe('Play token or owner token').meta(SECRET),
});

export const RANK_CHANGED = 'rank.changed';
export const RANK_RESET = 'rank.reset';

const entries = z.array(rankEntrySchema);
const boards = z.object({ boards: z.record(z.string(), z.record(z.string(), entries)) });

/** Of a board: what differs from what was told last. Places that only moved are told as well. */
const changed = z.object({
  board: z.string(),
  period: z.string(),
  changes: entries,
  removed: z.array(z.string()).describe('Accounts that are among the first no more'),
});
const reset = z
  .object({ board: z.string(), period: z.string(), entries })
  .describe('All of a board, such as a new hour');
const events = { [RANK_CHANGED]: changed, [RANK_RESET]: reset };

/** What the channels of this module say. */
export const rankEventSchemas = {
  rank: { logged: false, snapshot: boards, events },
  'rank:{roomId}': { logged: false, snapshot: boards, events },
} as const;
export type RankChanged = z.output<typeof changed>;
export type RankSnapshot = z.output<typeof boards>;
