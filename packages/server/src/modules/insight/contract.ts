import { z } from 'zod';
import { PLAIN_TEXT } from '../auth/contract.ts';
import { userSummarySchema } from '../user/contract.ts';

/** Ephemeral, for the room's owner and administrators. */
export const insightChannelOf = (roomId: string): string => `insight:${roomId}`;
/** On `insight:ID`: one point, every 10 s while the room is live. */
export const ROOM_SAMPLED = 'room.sampled';

const at = z.number().describe('ms since the epoch');

export const roomPointSchema = z.object({
  at: at.describe('When the step began, ms since the epoch'),
  viewers: z.number().describe('Distinct people who watched at one time'),
  bitrateBps: z.number().optional(),
  fps: z.number().optional(),
  keyframeIntervalMs: z.number().optional(),
  rttMs: z.number().optional().describe('Of publishers by WebRTC'),
  messages: z.number().describe('Within this step'),
  coins: z.number().describe('Within this step'),
});
export type RoomPoint = z.output<typeof roomPointSchema>;

export const seriesSchema = z.object({
  stepMs: z.number().describe('10 s while the room is live, a minute of a broadcast that is over'),
  points: z.array(roomPointSchema).describe('The oldest first; steps of which nothing is known are left out'),
});
export type Series = z.output<typeof seriesSchema>;

export const summarySchema = z.object({
  roomId: z.string(),
  title: z.string(),
  startedAt: at,
  endedAt: at.optional().describe('Absent while it is live'),
  durationMs: z.number(),
  peakViewers: z.number(),
  averageViewers: z.number(),
  watchMs: z.number().describe('What all viewers watched together'),
  viewers: z.number().describe('Distinct people'),
  messages: z.number(),
  chatters: z.number().describe('Distinct people who wrote'),
  newFollowers: z.number(),
  coins: z.number().describe('Of gifts; refunded ones do not count'),
  gifts: z.number().describe('Pieces'),
  gifters: z.number().describe('Distinct people who gave'),
  interruptions: z.number().describe('How often the publisher dropped'),
  topSupporters: z.array(z.object({ user: userSummarySchema, coins: z.number() })).describe('At most 10'),
  recordingId: z.string().optional(),
});
export type Summary = z.output<typeof summarySchema>;

const daySchema = z.object({
  day: z.string().describe('YYYY-MM-DD, where the platform is at home (rank.timeZone)'),
  broadcasts: z.number().describe('That began on this day'),
  durationMs: z.number(),
  watchMs: z.number(),
  peakViewers: z.number(),
  messages: z.number(),
  coins: z.number(),
  newFollowers: z.number(),
});
export type InsightDay = z.output<typeof daySchema>;

export const insightSchema = z.object({
  days: z.array(daySchema).describe('Every day, the oldest first; today is the last'),
  broadcasts: z.array(summarySchema).describe('Of these days, the newest 50 first'),
});
export type Insight = z.output<typeof insightSchema>;

export const roomParamsSchema = z.object({ roomId: z.string().max(64).regex(PLAIN_TEXT) });
export const insightQuerySchema = z.object({
  days: z.coerce
    .number()
    .pipe(z.literal([7, 30, 90]))
    .default(7),
});

/** Events of the channel `insight:ID`, for AsyncAPI. */
export const insightEventSchemas = {
  'insight:{roomId}': { logged: false, snapshot: seriesSchema, events: { [ROOM_SAMPLED]: roomPointSchema } },
} as const;

/** `insight` of the configuration. */
export interface InsightOptions {
  /** 0 is for ever. */
  keepDays: number;
}
