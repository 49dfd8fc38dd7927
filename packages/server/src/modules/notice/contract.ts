import { z } from 'zod';
import type { Work } from '../../database/outbox.ts';

export const NOTICE_KINDS = ['live', 'gift', 'lottery', 'moderation', 'mention', 'level', 'system'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export interface NewNotice {
  userId: string;
  kind: NoticeKind;
  /** Plain JSON, of which the page makes words in the reader's language: ids and names, never a secret. */
  data: Readonly<Record<string, unknown>>;
  /** An unread notice of the same group is replaced instead of another being added. */
  group?: string;
}

/** How other modules tell people something, in the transaction of what they tell. */
export interface Notifier {
  notify(work: Pick<Work, 'transaction' | 'emit'>, notices: readonly NewNotice[]): Promise<void>;
}

export const noticeSchema = z.object({
  id: z.string(),
  kind: z.enum(NOTICE_KINDS),
  data: z.record(z.string(), z.unknown()).describe('What it is about: ids and names, by its kind'),
  createdAt: z.number().describe('ms since the epoch'),
  readAt: z.number().optional().describe('ms since the epoch; left out while it is unread'),
});
export type Notice = z.output<typeof noticeSchema>;

const unread = z.number().describe('How many notices are unread');
export const NOTICE_CREATED = 'notice.created';
export const NOTICE_READ = 'notice.read';

/** On the reader's `user` channel. A notice whose id is known already is a newer form of it. */
export const noticeEventSchemas = {
  [NOTICE_CREATED]: z.object({ notice: noticeSchema, unread }),
  [NOTICE_READ]: z.object({ ids: z.array(z.string()).optional().describe('Left out, all of them'), unread }),
};

const cursor = z.string().regex(/^\d{1,16}_[\w-]{1,64}$/);
export const noticesQuerySchema = z.object({
  before: cursor.optional().describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(100).default(30),
  unread: z.enum(['true', 'false']).optional().describe('true: only those that are not read'),
});
export type NoticesQuery = z.output<typeof noticesQuerySchema>;
export const noticePageSchema = z.object({
  notices: z.array(noticeSchema).describe('The newest first'),
  unread,
  next: z.string().optional().describe('The `before` of the next page, if there is one'),
});
export const unreadSchema = z.object({ unread });
export const readNoticesSchema = z.union([
  z.strictObject({ ids: z.array(z.string().max(64)).min(1).max(200) }),
  z.strictObject({ all: z.literal(true) }),
]);

const preferenceSchema = z.object({
  inApp: z.boolean().describe('Whether it is kept and shown at all'),
  push: z.boolean().describe('Whether it is pushed to browsers, too'),
});
export type Preference = z.output<typeof preferenceSchema>;
export type Preferences = Record<NoticeKind, Preference>;
export const preferencesSchema = z.record(z.enum(NOTICE_KINDS), preferenceSchema);
export const changePreferencesSchema = z.partialRecord(z.enum(NOTICE_KINDS), preferenceSchema);

export const pushKeySchema = z.object({
  publicKey: z.string().describe('applicationServerKey of PushManager.subscribe, base64url'),
});
const keyText = (min: number, max: number) =>
  z
    .string()
    .min(min)
    .max(max)
    .regex(/^[\w-]+=*$/);
export const subscribePushSchema = z.object({
  endpoint: z.url({ protocol: /^https$/ }).max(2048),
  keys: z.object({ p256dh: keyText(80, 100), auth: keyText(16, 64) }),
});
export type SubscribePushInput = z.output<typeof subscribePushSchema>;
export const endPushSchema = z.object({ endpoint: z.string().max(2048) });
export const pushSubscriptionsSchema = z.array(
  z.object({
    id: z.string(),
    service: z.string().describe('Host of the push service'),
    userAgent: z.string(),
    createdAt: z.number(),
  }),
);

export const successSchema = z.object({ success: z.literal(true) });
