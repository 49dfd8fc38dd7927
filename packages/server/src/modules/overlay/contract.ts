import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import { lineSchema } from '../../http/plain-text.ts';
import { PLAIN_TEXT } from '../auth/contract.ts';
import { proofSchema, roomSchema } from '../live/contract.ts';

/** On `room:ID`, at most once a second. */
export const GOAL_UPDATED = 'goal.updated';

const MAX_TARGET = 1e12;

const goalSchema = z.object({
  title: z.string(),
  kind: z
    .enum(['coins', 'followers'])
    .describe('coins: given since the goal was set. followers: how many the streamer has'),
  target: z.number(),
  progress: z.number().describe('May be above the target'),
  startedAt: z.number().describe('ms since the epoch'),
});
export type Goal = z.output<typeof goalSchema>;
/** `goal` is null when there is none. */
export const goalAnswerSchema = z.object({ goal: goalSchema.nullable() });
export type GoalAnswer = z.output<typeof goalAnswerSchema>;

/** Events on `room:ID`. */
export const overlayEventSchemas = { [GOAL_UPDATED]: goalAnswerSchema } as const;

export const setGoalSchema = z.object({
  title: lineSchema(60),
  kind: z.enum(['coins', 'followers']),
  target: z.int().min(1).max(MAX_TARGET),
  restart: z.boolean().default(false).describe('Count coins from now on; another kind always begins anew'),
});
export type SetGoalInput = z.output<typeof setGoalSchema>;

const settingFields = {
  danmaku: z.boolean(),
  gifts: z.boolean().describe('Alerts of gifts'),
  minCoins: z.int().min(0).max(MAX_TARGET).describe('Gifts of less are not announced'),
  lottery: z.boolean(),
  goal: z.boolean(),
  scale: z.number().min(0.5).max(3).describe('Of texts and pictures'),
  opacity: z.number().min(0.1).max(1),
  area: z.number().min(0.1).max(1).describe("Part of the picture's height, from above, that danmaku use"),
  language: z.enum(['zh-CN', 'en']),
};
/** What a page in a streaming program shows, and how. */
const overlaySettingsSchema = z.object(settingFields);
export type OverlaySettings = z.output<typeof overlaySettingsSchema>;
export const DEFAULT_SETTINGS: OverlaySettings = {
  ...{ danmaku: true, gifts: true, minCoins: 0, lottery: true, goal: true },
  ...{ scale: 1, opacity: 1, area: 0.5, language: 'zh-CN' },
};

export const createOverlaySchema = z.preprocess(
  (body) => body ?? {},
  z.object({ name: lineSchema(50).default('OBS'), settings: overlaySettingsSchema.partial().default({}) }),
);
export type CreateOverlayInput = z.output<typeof createOverlaySchema>;
/** What is left out stays as it is. */
export const updateOverlaySchema = z.object({
  name: lineSchema(50).optional(),
  settings: overlaySettingsSchema.partial().optional(),
});
export type UpdateOverlayInput = z.output<typeof updateOverlaySchema>;

export const overlaySchema = z.object({
  id: z.string(),
  name: z.string(),
  settings: overlaySettingsSchema,
  createdAt: z.number().describe('ms since the epoch'),
});
export type Overlay = z.output<typeof overlaySchema>;
export const overlaysSchema = z.array(overlaySchema);
export const createdOverlaySchema = overlaySchema.extend({
  token: z.string().describe('`kov_…`, shown this once: the fragment of the page /overlay#TOKEN').meta(SECRET),
});
export type CreatedOverlay = z.output<typeof createdOverlaySchema>;

/** What the page is told. */
export const shownOverlaySchema = z.object({
  room: roomSchema.nullable().describe('The broadcast of now; null between two'),
  playToken: z
    .string()
    .optional()
    .describe('Opens a room that is not everybody’s: for its channels and addresses')
    .meta(SECRET),
  settings: overlaySettingsSchema,
  goal: goalSchema.nullable(),
});
export type ShownOverlay = z.output<typeof shownOverlaySchema>;

export const roomParamsSchema = z.object({ roomId: z.string().max(64) });
export const proofQuerySchema = proofSchema.pick({ token: true });
export const overlayParamsSchema = z.object({ id: z.string().max(64).regex(PLAIN_TEXT) });
export const successSchema = z.object({ success: z.literal(true) });
