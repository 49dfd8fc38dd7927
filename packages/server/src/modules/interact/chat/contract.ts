import { z } from 'zod';
import type { Caller } from '../../gateway/contract.ts';
import { proofSchema } from '../../live/contract.ts';

export type MessageState = 'shown' | 'held' | 'deleted';

/** A message as it is kept. */
export interface ArchivedMessage {
  /** In the order of time. */
  id: string;
  roomId: string;
  channelId: string;
  person: string;
  userId: string | null;
  name: string;
  text: string;
  state: MessageState;
  /** ms since the epoch: when it was sent, and when the picture was that its author saw. */
  at: number;
  mediaAt: number;
}

/** What was said, for those who judge it later. */
export interface ChatArchive {
  find(messageId: string): Promise<ArchivedMessage | undefined>;
  /** Of a room, held ones, the oldest first. */
  held(roomId: string, limit: number): Promise<ArchivedMessage[]>;
  /** Shows a held message, or deletes one; tells the room. False when it was in another state. */
  setState(
    messageId: string,
    change: { from: MessageState; to: MessageState; by: Caller | 'system' },
  ): Promise<boolean>;
  /** Whether the person said `phrase` alone in the room since then (ms since the epoch), folded as words are. */
  hasSaid(roomId: string, userId: string, phrase: { text: string; sinceMs: number }): Promise<boolean>;
  /** Told on the node that took it, after it was committed and shown. May not throw. */
  onMessage(listener: (message: ArchivedMessage) => void): void;
}

const TIME_DIGITS = 9;

/** Begins the ids of the messages of a millisecond; those of earlier ones are less. */
export function timeKey(atMs: number): string {
  return Math.max(0, Math.floor(atMs)).toString(36).padStart(TIME_DIGITS, '0');
}

export const chatChannelOf = (roomId: string): string => `chat:${roomId}`;

const messageId = z.string().regex(/^[0-9a-z]{10,32}$/);
const wallClock = z.int().min(0).max(8_640_000_000_000_000);
const colorSchema = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/)
  .transform((color) => color.toLowerCase());

const chatPersonSchema = z.object({
  id: z.string().optional().describe('Of the account; absent for somebody without one'),
  username: z.string().optional(),
  name: z.string().describe('Of somebody without account `#` and a few letters that stay theirs'),
  avatar: z.string().optional(),
});

export const chatBadgeSchema = z.object({
  role: z.enum(['owner', 'moderator', 'admin']).optional(),
  level: z.number().optional().describe('As a fan of the channel'),
  fanName: z.string().optional(),
  supporter: z
    .union([z.literal(1), z.literal(2), z.literal(3)])
    .optional()
    .describe('Place among the supporters of the week'),
});
export type ChatBadge = z.output<typeof chatBadgeSchema>;

export const danmakuStyleSchema = z.object({
  color: z.string().describe('#rrggbb'),
  position: z.enum(['scroll', 'top', 'bottom']),
});
export type DanmakuStyle = z.output<typeof danmakuStyleSchema>;

export const mentionSchema = z.object({ userId: z.string(), username: z.string(), name: z.string() });

export const chatMessageSchema = z.object({
  id: z.string().describe('In the order of time; the same message comes once in each list'),
  roomId: z.string(),
  person: z.string().describe('`user:ID`, `viewer:ID`, or `owner:ROOM` in a room without account'),
  user: chatPersonSchema,
  text: z.string().describe('Plain text, never markup; `[code]` is an emote where there is one'),
  at: z.number().describe('ms since the epoch'),
  mediaAt: z.number().describe('When the picture was that its author saw, ms since the epoch'),
  danmaku: danmakuStyleSchema.optional().describe('It also flew over the picture'),
  replyTo: z.object({ id: z.string(), name: z.string(), text: z.string() }).optional(),
  mentions: z.array(mentionSchema).optional(),
  badge: chatBadgeSchema.optional(),
  masked: z.literal(true).optional().describe('Words in it were replaced by *'),
  held: z.literal(true).optional().describe('Nobody but its author and the moderators sees it yet'),
});
export type ChatMessage = z.output<typeof chatMessageSchema>;

export const chatSettingsSchema = z.object({
  slowModeSeconds: z.int().min(0).max(3600).describe('Between two messages of a person; 0 is off'),
  followersOnlyMinutes: z
    .int()
    .min(0)
    .max(525_600)
    .nullable()
    .describe('How long one must have followed to write; 0 is any follower, null everybody'),
  links: z.enum(['everybody', 'trusted', 'nobody']).describe('trusted: moderators and the owner; who always may'),
  danmaku: z.boolean().describe('Whether messages may fly over the picture'),
  guests: z.boolean().describe('Whether people without account may write'),
});
export type ChatSettings = z.output<typeof chatSettingsSchema>;
export const updateChatSettingsSchema = chatSettingsSchema.partial();

export const sendChatSchema = z.object({
  // Longer than any message that is taken: what is removed from it must not make it unsendable.
  text: z.string().max(4000),
  danmaku: z
    .union([
      z.boolean().transform((on) => (on ? {} : undefined)),
      z.object({ color: colorSchema.optional(), position: danmakuStyleSchema.shape.position.optional() }),
    ])
    .optional()
    .describe('Also over the picture'),
  replyTo: messageId.optional(),
  mediaAt: wallClock.optional().describe('When the picture was that its author sees: now less the delay'),
  clientId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .optional()
    .describe('Sending the same again says it once'),
  ...proofSchema.shape,
});
export type SendChatInput = z.output<typeof sendChatSchema>;

export const chatCommandSchema = sendChatSchema.extend({ roomId: z.string().max(64) });
export const sentSchema = z.object({ message: chatMessageSchema });

const limit = z.coerce.number().int().min(1).max(200).default(50);
export const historyQuerySchema = z.object({
  before: messageId.optional().describe('Older than this message'),
  after: messageId.optional().describe('Newer than this message'),
  limit,
  ...proofSchema.shape,
});
export const historySchema = z.object({
  messages: z.array(chatMessageSchema).describe('The oldest first'),
  more: z.boolean().describe('Whether there are more in that direction'),
});
export const replayQuerySchema = z.object({
  from: z.coerce.number().pipe(wallClock).default(0).describe('ms since the epoch, of the picture; included'),
  to: z.coerce
    .number()
    .pipe(wallClock)
    .default(8_640_000_000_000_000)
    .describe('ms since the epoch, of the picture; not included'),
  after: z
    .string()
    .regex(/^\d{1,16}-[0-9a-z]{10,32}$/)
    .optional()
    .describe('The `next` of the page before'),
  limit,
  token: proofSchema.shape.token,
});
export type ReplayQuery = z.output<typeof replayQuerySchema>;
export const replaySchema = z.object({
  messages: z.array(chatMessageSchema).describe('In the order of `mediaAt`'),
  next: z.string().optional().describe('Where the next page begins, if there is one'),
});

export const densityQuerySchema = z.object({
  buckets: z.coerce.number().int().min(10).max(200).default(100).describe('Into how many parts the replay is cut'),
  token: proofSchema.shape.token,
});
export type DensityQuery = z.output<typeof densityQuerySchema>;
export const densitySchema = z.object({
  buckets: z.array(z.number()).describe('Messages about the picture of each part; empty when it was uploaded'),
  stepMs: z.number().describe('How long each part is, in the time of the replay; the last one may be shorter'),
});
export type Density = z.output<typeof densitySchema>;

export const messageParamsSchema = z.object({ roomId: z.string().max(64), messageId });
export const pinChatSchema = z.object({ messageId });
export const clearChatSchema = z.object({ person: z.string().regex(/^(?:user|viewer|owner):[A-Za-z0-9_-]{1,64}$/) });
export const clearedSchema = z.object({ deleted: z.number() });

const emoteCode = z.string().regex(/^[\p{L}\p{N}_]{1,20}$/u);
export const emoteSchema = z.object({
  code: z.string().describe('Written as `[code]`'),
  id: z.string().optional().describe("Of the channel's own"),
  url: z.string().optional().describe("Path of the picture of the channel's own"),
  icon: z.string().optional().describe('Of those built in: its name in the set Fluent Emoji Flat'),
  name: z.object({ zh: z.string(), en: z.string() }).optional(),
});
export type Emote = z.output<typeof emoteSchema>;
export const emotesSchema = z.array(emoteSchema);
export const newEmoteSchema = z.object({
  code: emoteCode,
  image: z.base64().max(180_000).describe('PNG, GIF or WebP of at most 128 kB and 1024 pixels each way'),
});
export const emoteParamsSchema = z.object({ roomId: z.string().max(64), emoteId: z.string().max(64) });

export const danmakuItemSchema = danmakuStyleSchema.extend({
  id: z.string(),
  text: z.string(),
  mediaAt: z.number(),
  person: z.string(),
  badge: chatBadgeSchema.optional(),
});
export type DanmakuItem = z.output<typeof danmakuItemSchema>;

/** On `chat:ID`, which is logged. */
export const chatEventSchemas = {
  'chat.message': chatMessageSchema,
  'chat.deleted': z.object({ id: z.string() }),
  'chat.cleared': z.object({ person: z.string().describe('All that they said is gone') }),
  'chat.settings': chatSettingsSchema,
  'chat.pinned': z.object({ message: chatMessageSchema.nullable().describe('null: nothing is pinned any more') }),
  'chat.emotes': z.object({ own: emotesSchema.describe("All of the channel's own, after a change") }),
} as const;
export const chatSnapshotSchema = z.object({
  messages: z.array(chatMessageSchema).describe('The last ones, the oldest first'),
  settings: chatSettingsSchema,
  pinned: chatMessageSchema.optional().describe('What the owner or a moderator wants everybody to see'),
});
export type ChatSnapshot = z.output<typeof chatSnapshotSchema>;
/** On `live:ID`: ten times a second at most, and of a storm a fair part. */
export const danmakuEventSchemas = { danmaku: z.object({ items: z.array(danmakuItemSchema) }) } as const;

/** `chat` of the configuration. */
export interface ChatOptions {
  retentionDays: number;
  /** Left out, as `access` says. */
  guests?: boolean;
  /** Messages of one person in a row, and how many more each second; of one room each second. */
  burst: number;
  perSecond: number;
  roomPerSecond: number;
  danmakuPerSecond: number;
}
