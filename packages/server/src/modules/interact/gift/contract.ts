import { z } from 'zod';
import { lineSchema, noteSchema } from '../../../http/plain-text.ts';
import { PLAIN_TEXT } from '../../auth/contract.ts';
import { proofSchema } from '../../live/contract.ts';

/** What was given, for those who ask for it as a condition, or add it up. */
export interface GiftHistory {
  /** Coins that the user gave in the room since then (ms since the epoch), refunded ones left out; of one gift, if named. */
  sentSince(roomId: string, userId: string, options: { sinceMs: number; giftId?: string }): Promise<number>;
  /** Coins that a channel was given since then, refunded ones left out. */
  receivedSince(channelId: string, sinceMs: number): Promise<number>;
  /** Told on the node that took it, after the commit. May not throw. */
  onGift(listener: (gift: GivenGift) => void): void;
  /** As `onGift`, when one was given back. */
  onRefund(listener: (refund: Pick<GivenGift, 'roomId' | 'channelId'>) => void): void;
}

export interface GivenGift {
  roomId: string;
  channelId: string;
  userId: string;
  giftId: string;
  /** Coins. */
  total: number;
  /** ms since the epoch. */
  at: number;
}

/** On `room:ID`. */
export const GIFT_SENT = 'gift.sent';
export const GIFT_REFUNDED = 'gift.refunded';

/** Most coins of one piece, and most pieces at once: together what one operation of the ledger moves. */
const MAX_PRICE = 100_000_000;
const MAX_COUNT = 9999;

const giftFields = {
  name: z.object({ zh: z.string(), en: z.string() }),
  icon: z.string().describe('Of Fluent Emoji, which the page has'),
  price: z.number().describe('Coins for one'),
  effect: z.enum(['none', 'banner', 'fullscreen']),
  animation: z.string().optional(),
};

const giftSchema = z.object({
  id: z.string(),
  ...giftFields,
  combo: z.boolean().describe('Whether those that follow within 5 s are counted together'),
});
export type Gift = z.output<typeof giftSchema>;
export const giftsSchema = z.array(giftSchema);

const personSchema = z.object({
  id: z.string(),
  username: z.string(),
  name: z.string(),
  avatar: z.string().optional(),
});
const badgeSchema = z.object({
  role: z.enum(['moderator', 'admin']).optional(),
  level: z.number().optional(),
  fanName: z.string().optional(),
  supporter: z.literal([1, 2, 3]).optional().describe('Their place among the supporters of this week'),
});
export type GiftBadge = z.output<typeof badgeSchema>;

/** A gift that was given, as everybody in the room is told. */
export const sentGiftSchema = z.object({
  id: z.string().describe('Of the order'),
  sender: personSchema.extend({ badge: badgeSchema.optional() }),
  receiver: personSchema,
  gift: z.object({ id: z.string(), ...giftFields }),
  count: z.number(),
  total: z.number().describe('Coins'),
  combo: z.object({ id: z.string(), count: z.number().describe('Pieces that were given in one go') }),
  at: z.number().describe('ms since the epoch'),
});
export type SentGift = z.output<typeof sentGiftSchema>;

const refundedSchema = z.object({ id: z.string().describe('Of the order'), total: z.number() });

/** Events on `room:ID`. */
export const giftEventSchemas = { [GIFT_SENT]: sentGiftSchema, [GIFT_REFUNDED]: refundedSchema } as const;

export const sendGiftSchema = z.object({
  giftId: z.string().max(40),
  count: z.int().min(1).max(MAX_COUNT).default(1),
  price: z.int().min(0).optional().describe('What the sender was shown for one; another one now is refused'),
  ...proofSchema.pick({ token: true }).shape,
});
export type SendGiftInput = z.output<typeof sendGiftSchema>;
/** `{type:'gift', …}` on the socket; `key` is what `Idempotency-Key` is over HTTP. */
export const giftCommandSchema = sendGiftSchema.extend({ roomId: z.string().max(64), key: z.string().max(100) });

export const giftAnswerSchema = sentGiftSchema.extend({
  balance: z.number().describe('Coins that the sender has now'),
});
export type GiftAnswer = z.output<typeof giftAnswerSchema>;

export const roomParamsSchema = z.object({ roomId: z.string().max(64) });
export const roomGiftsQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  ...proofSchema.pick({ token: true }).shape,
});
export const sentGiftsSchema = z.array(sentGiftSchema);

export const earnedQuerySchema = z.object({
  from: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).describe('ms since the epoch'),
  roomId: z.string().max(64).optional().describe('Left out, over all rooms'),
});
export type EarnedQuery = z.output<typeof earnedQuerySchema>;
export const earnedSchema = z.object({
  coins: z.number().describe("The streamer's share of them"),
  gifts: z.number().describe('Pieces'),
});
export type Earned = z.output<typeof earnedSchema>;

const giftIdSchema = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/);
const nameSchema = lineSchema(30);
const slugSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/);
const changeFields = {
  name: z.object({ zh: nameSchema, en: nameSchema }),
  icon: slugSchema,
  price: z.int().min(1).max(MAX_PRICE),
  effect: giftFields.effect,
  animation: slugSchema.nullable(),
  combo: z.boolean(),
  sort: z.int().min(0).max(1_000_000),
  enabled: z.boolean(),
};

export const createGiftSchema = z.object({
  id: giftIdSchema,
  ...changeFields,
  effect: changeFields.effect.default('none'),
  animation: changeFields.animation.default(null),
  combo: changeFields.combo.default(true),
  sort: changeFields.sort.default(1000),
  enabled: changeFields.enabled.default(true),
});
export type CreateGiftInput = z.output<typeof createGiftSchema>;
export const updateGiftSchema = z.object(changeFields).partial();
export type UpdateGiftInput = z.output<typeof updateGiftSchema>;
export const giftParamsSchema = z.object({ id: z.string().max(64).regex(PLAIN_TEXT) });

export const adminGiftSchema = giftSchema.extend({
  sort: z.number(),
  enabled: z.boolean(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type AdminGift = z.output<typeof adminGiftSchema>;
export const adminGiftsSchema = z.array(adminGiftSchema);

export const listOrdersSchema = z.object({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(200).default(50),
  roomId: z.string().max(64).optional(),
  userId: z.string().max(64).regex(PLAIN_TEXT).optional().describe('Who gave or received'),
});
export type ListOrdersQuery = z.output<typeof listOrdersSchema>;
export const giftOrderSchema = z.object({
  id: z.string(),
  roomId: z.string(),
  senderId: z.string(),
  receiverId: z.string(),
  giftId: z.string(),
  count: z.number(),
  total: z.number().describe('Coins'),
  share: z.number().describe('Coins of them that the receiver got'),
  at: z.number(),
  refundedAt: z.number().optional(),
});
export type GiftOrder = z.output<typeof giftOrderSchema>;
export const giftOrdersSchema = z.array(giftOrderSchema);
export const refundSchema = z
  .object({ note: noteSchema(200).optional() })
  .nullish()
  .describe('Why; kept in the books and the audit trail');
export const removedGiftSchema = z.object({
  success: z.literal(true),
  deleted: z.boolean().describe('False when somebody gave it before: it is disabled then'),
});
