import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import { lineSchema } from '../../http/plain-text.ts';
import { roomSchema } from './contract.ts';

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const PERSON = /^(?:user|viewer|client):[A-Za-z0-9_-]{1,64}$/;
const DAY_SECONDS = 86_400;

const userId = z.string().regex(ID);
/** A connection without proof of who it is can be kicked, but there is nothing to know it again by. */
const lasting = z.string().regex(/^(?:user|viewer):[A-Za-z0-9_-]{1,64}$/);

export const pageSchema = z.object({
  page: z.coerce.number().int().min(1).max(10_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(200).default(100),
});
export type Page = z.output<typeof pageSchema>;

export const userParamsSchema = z.object({ roomId: z.string().max(64), userId });
export const personParamsSchema = z.object({ roomId: z.string().max(64), person: lasting });

export const kickSchema = z.object({ person: z.string().regex(PERSON) });

const banTerms = {
  reason: lineSchema(200).optional(),
  seconds: z
    .int()
    .min(1)
    .max(3650 * DAY_SECONDS)
    .optional()
    .describe('Left out, for good'),
};
export const banSchema = z.union([
  z.object({ person: lasting, ...banTerms }),
  z.object({ userId, ...banTerms }).transform(({ userId: id, ...terms }) => ({ person: `user:${id}`, ...terms })),
]);
export type BanInput = z.output<typeof banSchema>;

export const inviteSchema = z.union([z.object({ userId }), z.object({ username: z.string().min(1).max(64) })]);
export type InviteInput = z.output<typeof inviteSchema>;

/** Somebody on one of the room's lists. */
export const memberSchema = z.object({
  person: z.string(),
  userId: z.string().optional(),
  name: z.string().optional(),
  avatar: z.string().optional(),
  reason: z.string().optional(),
  createdAt: z.number().describe('ms since the epoch'),
  expiresAt: z.number().optional().describe('ms since the epoch'),
});
export type Member = z.output<typeof memberSchema>;
export const membersSchema = z.array(memberSchema);

export const viewerSchema = memberSchema.pick({ person: true, userId: true, name: true, avatar: true });
export type Viewer = z.output<typeof viewerSchema>;
export const viewersSchema = z.array(viewerSchema);

export const enterSchema = z
  .object({ vid: z.string().max(500).optional().meta(SECRET), token: z.string().max(500).optional().meta(SECRET) })
  .nullish()
  .transform((input) => input ?? {});
export const enteredSchema = z.object({
  vid: z.string().describe('For `vid=` on play URLs and for entering again').meta(SECRET),
  viewerCount: z.number(),
  expiresInSeconds: z.number().describe('Enter again before'),
});
export type Entered = z.output<typeof enteredSchema>;
export const vidSchema = z.object({ vid: z.string().meta(SECRET) });

const playTokenTerms = z.object({
  expiresInSeconds: z
    .int()
    .min(60)
    .max(30 * DAY_SECONDS)
    .default(DAY_SECONDS / 4),
  viewer: lasting.optional().describe('Binds it to one person'),
});
/** A request without a body takes the defaults. */
export const playTokenSchema = z.preprocess((body) => body ?? {}, playTokenTerms);
export type PlayTokenInput = z.output<typeof playTokenSchema>;
export const playTokenAnswerSchema = z.object({
  token: z.string().meta(SECRET),
  expiresAt: z.number().describe('ms since the epoch'),
  url: z.string().describe('To share: a path on this server'),
  playUrls: roomSchema.shape.playUrls,
});
export type PlayToken = z.output<typeof playTokenAnswerSchema>;
