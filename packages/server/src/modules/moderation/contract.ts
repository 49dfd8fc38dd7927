import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import { lineSchema, linesSchema } from '../../http/plain-text.ts';
import { PLAIN_TEXT } from '../auth/contract.ts';
import type { OutboxEvent } from '../../database/outbox.ts';
import type { RoomFacts } from '../live/contract.ts';

/** Who writes in a room. */
export interface Author {
  /** `user:ID`, or `viewer:ID` for somebody without account. */
  person: string;
  userId?: string;
  name: string;
  /** The owner, an administrator or a moderator: links and words hold for them less strictly. */
  isTrusted: boolean;
}

/** What becomes of a text; `held` ones are seen by their author and the moderators until somebody decides. */
export interface Judgement {
  /** As it may be shown: masked words are `*`. */
  text: string;
  verdict: 'shown' | 'held';
  isMasked: boolean;
}

/** Who may speak, and what may be said. */
export interface Moderator {
  /** @throws AppError muted, words_blocked, links_forbidden */
  judge(message: { room: RoomFacts; author: Author; text: string; mayLink: boolean }): Promise<Judgement>;
  /** ms since the epoch, Infinity for good, undefined when they may speak. */
  mutedUntil(channelId: string, person: string): Promise<number | undefined>;
}

/** On `control`: `{ channelId }`; the words of the channel, '' for all channels, were changed. */
export const WORDS_CHANGED = 'words.changed';

const DAY_SECONDS = 86_400;
const epochMs = z.number().describe('ms since the epoch');
const personSchema = z.string().regex(/^(?:user|viewer):[A-Za-z0-9_-]{1,64}$/);
const userIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const messageIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const noteSchema = lineSchema(200);
export const proofQuerySchema = z.object({
  token: z.string().max(500).optional().describe('Play token or owner token').meta(SECRET),
  vid: z.string().max(500).optional().describe('Signed viewer id').meta(SECRET),
});

export const roomParamsSchema = z.object({ roomId: z.string().max(64) });
export const entryParamsSchema = z.object({ id: z.string().max(64).regex(PLAIN_TEXT) });
export const roomEntryParamsSchema = roomParamsSchema.extend(entryParamsSchema.shape);
export const muteParamsSchema = roomParamsSchema.extend({ person: personSchema });
export const heldParamsSchema = roomParamsSchema.extend({ messageId: messageIdSchema });
export const successSchema = z.object({ success: z.literal(true) });

export const pageSchema = z.object({
  page: z.coerce.number().int().min(1).max(10_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(500).default(100),
});
export type Page = z.output<typeof pageSchema>;

export const actionSchema = z
  .enum(['block', 'mask', 'hold'])
  .describe('block: not sent; mask: each character is *; hold: waits for a moderator');
export const newWordSchema = z.object({
  word: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(PLAIN_TEXT)
    .describe('As it is usually written; `*` at its beginning or end lets it be part of a longer word'),
  action: actionSchema.default('mask'),
  note: noteSchema.optional().describe('For those who keep the list'),
});
export type NewWord = z.output<typeof newWordSchema>;
export const wordSchema = z.object({
  id: z.string(),
  word: z.string(),
  action: actionSchema,
  note: z.string().optional(),
  createdAt: epochMs,
});
export type Word = z.output<typeof wordSchema>;
export const wordsSchema = z.array(wordSchema);
export const listWordsSchema = pageSchema.extend({ q: z.string().trim().max(100).optional() });

export const tryWordsSchema = z.object({ text: linesSchema(2000).min(1) });
export const triedWordsSchema = z.object({
  verdict: z.enum(['shown', 'held', 'blocked']).describe('What becomes of it where somebody without power writes it'),
  text: z.string().describe('As it would be shown'),
  words: z.array(wordSchema.pick({ word: true, action: true })).describe('That were found in it'),
});
export type TriedWords = z.output<typeof triedWordsSchema>;

export const importWordsSchema = z.object({
  text: z
    .string()
    .max(1_500_000)
    .describe('A word a line; behind a tab its action and behind another one a note. Lines that begin with # are none'),
  action: actionSchema.default('mask').describe('Of the lines that name none'),
});
export const importedSchema = z.object({
  words: z.number().describe('How many lines had one'),
  total: z.number().describe('How many the list has now'),
});

const muteTerms = {
  reason: noteSchema.optional(),
  seconds: z
    .int()
    .min(1)
    .max(3650 * DAY_SECONDS)
    .optional()
    .describe('Left out, for good'),
};
export const newMuteSchema = z.union([
  z.object({ person: personSchema, ...muteTerms }),
  z.object({ userId: userIdSchema, ...muteTerms }).transform(({ userId, ...terms }) => ({
    person: `user:${userId}`,
    ...terms,
  })),
]);
export type NewMute = z.output<typeof newMuteSchema>;
export const muteSchema = z.object({
  person: z.string(),
  userId: z.string().optional(),
  name: z.string().optional(),
  reason: z.string().optional(),
  until: epochMs.optional().describe('ms since the epoch; left out, for good'),
  createdAt: epochMs,
});
export type Mute = z.output<typeof muteSchema>;
export const mutesSchema = z.array(muteSchema);

export const standingSchema = z.object({
  person: z.string().optional().describe('Who they are counted as; absent when they cannot be told from others'),
  isOwner: z.boolean().describe('Also of administrators'),
  isModerator: z.boolean(),
  muted: z.object({ until: epochMs.optional().describe('Left out, for good') }).optional(),
});
export type StandingAnswer = z.output<typeof standingSchema>;

/** On `chat:ID`, so that the page of whom it is about can say so. */
export const moderationEventSchemas = {
  'chat.muted': z.object({ person: z.string(), until: epochMs.optional().describe('Left out, for good') }),
  'chat.unmuted': z.object({ person: z.string() }),
} as const;
export type ModerationEvent = keyof typeof moderationEventSchemas;

export const heldSchema = z.object({
  id: z.string(),
  person: z.string(),
  name: z.string(),
  text: z.string(),
  at: epochMs,
});
export const moderationChannelOf = (roomId: string): string => `moderation:${roomId}`;

export const heldListSchema = z.array(heldSchema);
export type Held = z.output<typeof heldSchema>;
export const heldDecisionSchema = z.object({ action: z.enum(['show', 'delete']) });

const reportReason = z.enum(['spam', 'abuse', 'sexual', 'violence', 'illegal', 'other']);
const reportTerms = {
  reason: reportReason,
  text: linesSchema(500).min(1).optional(),
  ...proofQuerySchema.shape,
};
export const newReportSchema = z.discriminatedUnion('subject', [
  z.object({ subject: z.literal('message'), messageId: messageIdSchema, ...reportTerms }),
  z.object({ subject: z.literal('user'), userId: userIdSchema, ...reportTerms }),
  z.object({ subject: z.literal('room'), ...reportTerms }),
]);
export type NewReport = z.output<typeof newReportSchema>;
export const reportedSchema = z.object({ id: z.string() });

export const reportSchema = z.object({
  id: z.string(),
  roomId: z.string(),
  subject: z.enum(['message', 'user', 'room']),
  subjectId: z.string(),
  reporter: z.string().optional().describe('For administrators'),
  accused: z.string().optional().describe('`user:ID` or `viewer:ID`'),
  reason: reportReason,
  text: z.string().optional(),
  evidence: z.record(z.string(), z.unknown()).describe('What it is about, as it was then'),
  state: z.enum(['open', 'dismissed', 'done']),
  decision: z.string().optional(),
  decidedAt: epochMs.optional(),
  createdAt: epochMs,
});
export type Report = z.output<typeof reportSchema>;
export const reportsSchema = z.array(reportSchema);
export const listReportsSchema = pageSchema.extend({ state: z.enum(['open', 'dismissed', 'done']).default('open') });
export type ListReports = z.output<typeof listReportsSchema>;
export const reportDecisionSchema = z.object({
  action: z
    .enum(['dismiss', 'delete', 'mute', 'ban', 'resolve'])
    .describe('delete: the message; mute and ban: whoever wrote it, or the user; resolve: dealt with by other means'),
  seconds: muteTerms.seconds.describe('Of a mute or ban; left out, for good'),
  note: noteSchema.optional(),
});
export type ReportDecision = z.output<typeof reportDecisionSchema>;

/** On `moderation:ID`, for the owner and moderators of a room. */
export const moderationSnapshotSchema = z.object({
  held: z.array(heldSchema).describe('The oldest first, 200 at most'),
  openReports: z.number().describe("Of the room's messages"),
});
export type ModerationSnapshot = z.output<typeof moderationSnapshotSchema>;
export const moderatorEventSchemas = {
  'held.added': z.object({ message: heldSchema }),
  'held.resolved': z.object({ id: z.string(), state: z.enum(['shown', 'deleted']) }),
  'held.cleared': z.object({ person: z.string().describe('None of theirs waits any more') }),
  'report.added': z.object({ report: reportSchema }),
  'report.decided': z.object({ id: z.string(), state: z.enum(['dismissed', 'done']), decision: z.string() }),
} as const;
type ModeratorEvent = keyof typeof moderatorEventSchemas;

/** What the moderators of a room are told, for the transaction in which it happens. */
export function toModerators<Event extends ModeratorEvent>(
  roomId: string,
  event: Event,
  data: z.input<(typeof moderatorEventSchemas)[Event]>,
): OutboxEvent {
  return { channel: moderationChannelOf(roomId), event, data };
}
