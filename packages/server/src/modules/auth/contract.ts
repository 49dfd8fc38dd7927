import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import { cleanText, lineSchema, noteSchema } from '../../http/plain-text.ts';
import { SCOPES } from '../gateway/contract.ts';

/** What a module does when an account goes away or wants to know what is kept of it. */
export interface AccountHolder {
  /** Names the part in a data export. */
  name: string;
  /** Everything kept of the user, as JSON data, without anybody else's secrets. */
  exportData(userId: string): Promise<unknown>;
  /** Called before the account is deleted or after it was banned: ends what it runs. */
  accountGone(userId: string, why: 'deleted' | 'banned'): Promise<void>;
}

/** The channel by which every node hears at once of what concerns logins. Ephemeral and logged events alike. */
export const CONTROL_CHANNEL = 'control';
/** On `control`: `{ userId, sessionId? }`; without `sessionId` every login of the user ended. */
export const SESSION_REVOKED = 'session.revoked';
/** On `control`: `{ userId }`; the account was banned. */
export const USER_BANNED = 'user.banned';

/** On `control`: `{ userId, mayLess?, via? }`; role, ban or API keys changed, the logins stay. With `mayLess` connections are judged anew. */
export const USER_CHANGED = 'user.changed';

/** No control characters: PostgreSQL takes no NUL, and nobody types them. */
export const PLAIN_TEXT = /^\P{Cc}*$/u;

/** Letters and digits of any script, and `_ . -` inside. */
const USERNAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}])?$/u;

export const usernameSchema = z
  .string()
  .overwrite(cleanText)
  .transform((name) => name.normalize('NFKC'))
  .pipe(z.string().min(2).max(32).regex(USERNAME));
export const emailSchema = z.email().max(254);
/** Stronger rules than length are the service's: they need to know the user name. */
const newPasswordSchema = z.string().min(8).max(256);
const passwordSchema = z.string().min(1).max(256);
const nameSchema = lineSchema(50);
/** A user name or mail address, whether or not there is such an account. */
const loginNameSchema = z.string().trim().min(1).max(254).regex(PLAIN_TEXT);

/** What is compared when user names are: `Ａlice` and `alice` are one. */
export function usernameKey(username: string): string {
  return username.normalize('NFKC').toLowerCase();
}

export const registerSchema = z.object({
  username: usernameSchema,
  password: newPasswordSchema.meta(SECRET),
  name: nameSchema.optional(),
  email: emailSchema.optional(),
  setupToken: z
    .string()
    .max(200)
    .optional()
    .describe('For the first account, when it is made from another machine')
    .meta(SECRET),
});
export type RegisterInput = z.output<typeof registerSchema>;

export const setupSchema = z.object({
  needsFirstAccount: z.boolean().describe('Nobody has an account; the first one is the administrator'),
  needsSetupToken: z.boolean().describe('The caller has to give the set-up token that was printed at the start'),
  registration: z.enum(['open', 'closed']).describe('Of all accounts after the first one'),
});
export type Setup = z.output<typeof setupSchema>;

export const loginSchema = z.object({ username: loginNameSchema, password: passwordSchema.meta(SECRET) });
export type LoginInput = z.output<typeof loginSchema>;

/** Programs without cookies send the refresh token along and ask for the next one by `returnRefreshToken`. */
export const refreshSchema = z
  .object({ refreshToken: z.string().max(200).optional().meta(SECRET), returnRefreshToken: z.boolean().optional() })
  .nullish();

export const accountSchema = z.object({
  id: z.string(),
  username: z.string(),
  name: z.string(),
  avatar: z.string().optional(),
  role: z.enum(['user', 'admin']),
});

export const loginAnswerSchema = z.object({
  accessToken: z.string().meta(SECRET),
  expiresIn: z.number().describe('Seconds'),
  user: accountSchema,
  refreshToken: z.string().optional().meta(SECRET),
});
export type LoginAnswer = z.output<typeof loginAnswerSchema>;

export const verifyAnswerSchema = z.object({ user: accountSchema.nullable() });
export const successSchema = z.object({ success: z.literal(true) });
export const idParamsSchema = z.object({ id: z.string().max(64).regex(PLAIN_TEXT) });

export const passwordChangeSchema = z.object({
  current: passwordSchema.meta(SECRET),
  new: newPasswordSchema.meta(SECRET),
});
export const resetRequestSchema = z
  .object({ username: loginNameSchema.optional(), email: loginNameSchema.optional() })
  .refine(({ username, email }) => (username === undefined) !== (email === undefined), 'username or email');
export const resetConfirmSchema = z.object({
  token: z.string().max(200).meta(SECRET),
  password: newPasswordSchema.meta(SECRET),
});
export const deleteAccountSchema = z.object({ password: passwordSchema.meta(SECRET) });
export const exportSchema = z.record(z.string(), z.unknown());

export const sessionSchema = z.object({
  id: z.string(),
  current: z.boolean().describe('The one that asks'),
  userAgent: z.string(),
  address: z.string(),
  createdAt: z.number(),
  lastUsedAt: z.number(),
  expiresAt: z.number(),
});
export const sessionsSchema = z.array(sessionSchema);

export const newApiKeySchema = z.object({
  name: nameSchema,
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  expiresInDays: z.int().min(1).max(3650).optional(),
});
export type NewApiKey = z.output<typeof newApiKeySchema>;
export const apiKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  lastUsedAt: z.number().nullable(),
});
export const apiKeysSchema = z.array(apiKeySchema);
export const createdApiKeySchema = apiKeySchema.extend({ key: z.string().describe('Shown this once') });

export const listUsersSchema = z.object({
  q: z.string().trim().max(100).regex(PLAIN_TEXT).optional(),
  ids: z
    .string()
    .max(6500)
    .transform((ids) => ids.split(','))
    .pipe(z.array(z.string().min(1).max(64).regex(PLAIN_TEXT)).max(100))
    .optional()
    .describe('Only these, with commas between them'),
  only: z.enum(['admins', 'banned']).optional(),
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(500).default(50),
});
export type ListUsers = z.output<typeof listUsersSchema>;
export const adminUserSchema = accountSchema.extend({
  email: z.string().nullable(),
  isBanned: z.boolean(),
  bannedUntil: z.number().nullable(),
  banReason: z.string().nullable(),
  createdAt: z.number(),
  lastLoginAt: z.number().nullable(),
});
export type AdminUser = z.output<typeof adminUserSchema>;
export const adminUsersSchema = z.array(adminUserSchema);
export const createUserSchema = registerSchema
  .omit({ setupToken: true })
  .extend({ role: z.enum(['user', 'admin']).default('user') });
export type CreateUserInput = z.output<typeof createUserSchema>;
export const roleSchema = z.object({ role: z.enum(['user', 'admin']) });
export const banSchema = z.object({
  reason: noteSchema(200).optional(),
  until: z.int().min(0).optional().describe('ms since the epoch; left out, for good'),
});
export const resetLinkSchema = z.object({ url: z.string(), expiresAt: z.number() });
