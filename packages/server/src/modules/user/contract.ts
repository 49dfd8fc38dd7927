import { z } from 'zod';
import { lineSchema, linesSchema } from '../../http/plain-text.ts';
import { emailSchema, PLAIN_TEXT } from '../auth/contract.ts';
import { roomSchema } from '../live/contract.ts';

/** What other modules may know of an account. */
export interface UserFacts {
  id: string;
  username: string;
  /** Shown name. */
  name: string;
  avatar?: string;
  role: 'user' | 'admin';
  isBanned: boolean;
}

/** A user's permanent place to publish to. */
export interface UserChannel {
  owner: UserFacts;
  /** Public stream name. */
  playId: string;
  /** The right to publish; never leaves the server but in its owner's own stream key. */
  streamSecret: string;
}

/** How other modules look accounts up. */
export interface UserDirectory {
  find(userId: string): Promise<UserFacts | undefined>;
  findMany(userIds: readonly string[]): Promise<Map<string, UserFacts>>;
  findByUsername(username: string): Promise<UserFacts | undefined>;
  channelByPlayId(playId: string): Promise<UserChannel | undefined>;
  isFollowing(followerId: string, userId: string): Promise<boolean>;
  /** How many accounts there are; while there is none, this machine itself may set things up. */
  countUsers(): Promise<number>;
}

/** On the account's own channel: `{ follower }`. */
export const USER_FOLLOWED = 'user.followed';
export const userChannelOf = (userId: string): string => `user:${userId}`;

export const userSummarySchema = z.object({
  id: z.string(),
  username: z.string(),
  name: z.string(),
  avatar: z.string().optional(),
});
export type UserSummary = z.output<typeof userSummarySchema>;
export const userSummariesSchema = z.array(userSummarySchema);

/** Payloads of the events on the `user` channel. */
export const userEventSchemas = { [USER_FOLLOWED]: z.object({ follower: userSummarySchema }) };

/** Somebody who was found. */
export const foundUserSchema = userSummarySchema.extend({ followerCount: z.number() });
export type FoundUser = z.output<typeof foundUserSchema>;

/** How other modules find people. */
export interface UserSearch {
  /** Who is not banned and has it in their name or user name: exactly so, then beginning so, then the most followed first. */
  search(q: string, limit: number): Promise<FoundUser[]>;
}

const counts = { followerCount: z.number(), followingCount: z.number() };

export const profileSchema = userSummarySchema.extend({
  bio: z.string(),
  ...counts,
  isFollowing: z.boolean().describe('Whether the caller follows them'),
  isBanned: z.boolean().optional(),
  room: roomSchema.optional().describe('The public room in which they are live now'),
  createdAt: z.number(),
});
export type Profile = z.output<typeof profileSchema>;

/** An account as its owner sees it. */
export const selfSchema = userSummarySchema.extend({
  bio: z.string(),
  role: z.enum(['user', 'admin']),
  email: z.string().optional(),
  ...counts,
  playId: z.string(),
  streamKey: z
    .string()
    .optional()
    .describe('The permanent one, `{playId}?key={secret}`; not shown to API keys without rooms:write'),
  publishUrls: z
    .object({ rtmp: z.string().optional(), whip: z.string().optional(), wsFlv: z.string().optional() })
    .optional(),
  createdAt: z.number(),
});
export type Self = z.output<typeof selfSchema>;

/** Whom the caller follows, as the page of it shows them. */
export const followingLiveSchema = z.object({
  rooms: z.array(roomSchema).describe('In which they are live now, the most watched first'),
  offline: z
    .array(userSummarySchema.extend({ lastShowAt: z.number().optional().describe('ms since the epoch') }))
    .describe('The others, whose last broadcast was latest first'),
});
export type FollowingLive = z.output<typeof followingLiveSchema>;

export const updateSelfSchema = z
  .object({
    name: lineSchema(50),
    bio: linesSchema(500),
    /** The path of a picture that was uploaded here, or an http(s) address elsewhere, from which it is copied. */
    avatar: z
      .string()
      .max(2048)
      .regex(/^(?:https?:\/\/|\/(?!\/))[^\s"'<>\\]+$/)
      .nullable(),
    email: emailSchema.nullable(),
  })
  .partial();
export type UpdateSelf = z.output<typeof updateSelfSchema>;

export const userParamsSchema = z.object({ id: z.string().min(1).max(64).regex(PLAIN_TEXT) });
export const pageSchema = z.object({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(200).default(50),
});
export const successSchema = z.object({ success: z.literal(true) });
