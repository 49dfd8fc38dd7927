import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import type { Transaction } from '../../database/database.ts';
import { cleanText, VISIBLE } from '../../http/plain-text.ts';
import { PLAIN_TEXT } from '../auth/contract.ts';

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

/** What earns how much. */
export interface LevelRules {
  watchPerMinute: number;
  watchPerDay: number;
  chatPerMessage: number;
  chatPerDay: number;
  giftPerCoin: number;
  /** Experience that each level needs, from level 1 on; rising. */
  thresholds: readonly number[];
  /** What fans are called, each list spread over the levels. */
  titles: { zh: readonly string[]; en: readonly string[] };
}

/** What people see as one character is one: 2 to 6 of them. */
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const lengthOf = (text: string): number => [...graphemes.segment(text)].length;

export const badgeNameSchema = z
  .string()
  .trim()
  .max(64)
  .regex(PLAIN_TEXT)
  .transform((name) => name.normalize('NFC'))
  // Nothing that turns the direction of what follows, or that is not seen: so short a name is refused, not mended.
  .refine((name) => name === cleanText(name) && VISIBLE.test(name), 'a name that is seen')
  .refine((name) => lengthOf(name) >= 2 && lengthOf(name) <= 6, '2–6');
export const setBadgeSchema = z.object({
  name: badgeNameSchema.nullable().describe('2 to 6 characters; null for none'),
});
export const badgeSchema = z.object({ name: z.string().optional() });

export const fanSchema = z.object({
  userId: z.string(),
  username: z.string(),
  name: z.string(),
  avatar: z.string().optional(),
  level: z.int(),
  experience: z.int(),
  place: z.int(),
});
export const fansSchema = z.object({ badge: badgeSchema, fans: z.array(fanSchema), total: z.int() });
export type Fans = z.output<typeof fansSchema>;

export const fanStandingSchema = z.object({
  channelId: z.string(),
  badge: badgeSchema,
  level: z.int().describe('0 is none yet'),
  experience: z.int(),
  levelAt: z.int().describe('Experience at which this level began'),
  nextAt: z.int().optional().describe('Experience at which the next one begins; none above the last'),
  today: z.object({ watch: z.int(), watchMost: z.int(), chat: z.int(), chatMost: z.int() }),
  rules: z.object({ watchPerMinute: z.int(), chatPerMessage: z.int(), giftPerCoin: z.int() }),
});
export type FanStanding = z.output<typeof fanStandingSchema>;

export const levelsSchema = z.object({
  levels: z.array(
    z.object({
      level: z.int(),
      from: z.int().describe('Experience at which it begins'),
      title: z.object({ zh: z.string(), en: z.string() }),
    }),
  ),
});
export type Levels = z.output<typeof levelsSchema>;

export const fansQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  token: z.string().max(500).optional().describe('Play token or owner token').meta(SECRET),
});

export const LEVEL_UP = 'level.up';
export const levelUserEventSchemas = {
  [LEVEL_UP]: z.object({ channelId: z.string(), level: z.int(), badge: badgeSchema }),
};
