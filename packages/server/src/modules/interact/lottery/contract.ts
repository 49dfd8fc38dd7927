import { z } from 'zod';
import { SECRET } from '../../../http/secret-fields.ts';
import { lineSchema } from '../../../http/plain-text.ts';
import { PLAIN_TEXT } from '../../auth/contract.ts';

/** Most entries of one lottery: a proof is read and checked as a whole. */
export const MOST_ENTRIES = 100_000;
export const MOST_WINNERS = 100;

export const conditionSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('anyone') }),
  z.object({ type: z.literal('follower') }).describe('Who follows the owner of the room'),
  z
    .object({ type: z.literal('phrase'), phrase: lineSchema(50) })
    .describe('Who says it in the chat; that enters by itself'),
  z
    .object({
      type: z.literal('gift'),
      giftId: z.string().min(1).max(64).regex(PLAIN_TEXT).optional(),
      minCoins: z.int().min(1).max(1_000_000_000).optional(),
    })
    .describe('Who gives since it began: this gift, and so many coins in all'),
]);
export type LotteryCondition = z.output<typeof conditionSchema>;

export const startLotterySchema = z.object({
  prize: lineSchema(100),
  winners: z.int().min(1).max(MOST_WINNERS),
  durationSeconds: z.int().min(10).max(86_400).optional().describe('Left out, it is closed by hand'),
  condition: conditionSchema.default({ type: 'anyone' }),
});
export type StartLotteryInput = z.output<typeof startLotterySchema>;

/** What decides beside the seed, fixed before anybody enters. */
const plannedBeaconSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('delay').describe('So many SHA-256, one after the other, over the head of the chain'),
    iterations: z.int().min(64),
  }),
  z.object({
    kind: z.literal('drand').describe('The public randomness of https://drand.love'),
    chain: z.string().describe('Hash of the chain'),
    round: z.int().min(1),
  }),
]);
export type PlannedBeacon = z.output<typeof plannedBeaconSchema>;

/** The lottery as it is hashed, as canonical JSON. */
export const termsSchema = z.object({
  roomId: z.string(),
  prize: z.string(),
  winners: z.int().min(1),
  condition: conditionSchema,
  startedAt: z.number(),
  endsAt: z.number().optional(),
  beacon: plannedBeaconSchema,
});
export type LotteryTerms = z.output<typeof termsSchema>;

const hex = z.string().regex(/^[0-9a-f]+$/);

/** The planned beacon and what it said: `value` is what the winners are drawn by, hex. */
export const beaconSchema = z.discriminatedUnion('kind', [
  plannedBeaconSchema.options[0].extend({
    checkpoints: z.array(hex).describe('The values on the way, at equal distances; the last is `value`'),
    value: hex,
  }),
  plannedBeaconSchema.options[1].extend({ signature: hex, value: hex.describe('SHA-256 of the signature') }),
]);
export type Beacon = z.output<typeof beaconSchema>;

export const winnerSchema = z.object({
  n: z.number().describe('Number of the entry'),
  userId: z.string(),
  name: z.string().describe('Empty once the account is gone'),
  avatar: z.string().optional(),
});
export type Winner = z.output<typeof winnerSchema>;

export const lotterySchema = z.object({
  id: z.string(),
  roomId: z.string(),
  prize: z.string(),
  winners: z.number(),
  condition: conditionSchema,
  status: z.enum(['open', 'closed', 'drawn', 'cancelled']),
  startedAt: z.number().describe('ms since the epoch, as all times'),
  endsAt: z.number().optional(),
  closedAt: z.number().optional(),
  endedAt: z.number().optional(),
  entries: z.number(),
  commitment: z.string().describe('SHA-256 of the seed'),
  head: z.string().describe('Of the chain of entries, as of now'),
  beacon: plannedBeaconSchema,
  result: z
    .object({ seed: hex, value: hex.describe('What the beacon said'), winners: z.array(winnerSchema) })
    .optional(),
});
export type Lottery = z.output<typeof lotterySchema>;

export const entrySchema = z.object({
  n: z.number(),
  userId: z.string(),
  name: z.string(),
  at: z.number(),
  chain: z.string().describe('The head of the chain after this entry'),
});
export type Entry = z.output<typeof entrySchema>;

/** As one caller sees it. */
export const ownLotterySchema = lotterySchema.extend({
  entry: entrySchema.optional().describe('The caller’s own'),
});
export type OwnLottery = z.output<typeof ownLotterySchema>;
export const lotteriesSchema = z.array(ownLotterySchema);

export const entriesSchema = z.array(entrySchema);
export const entriesQuerySchema = z.object({
  token: z.string().max(500).optional().meta(SECRET),
  after: z.coerce.number().int().min(0).max(MOST_ENTRIES).default(0).describe('Number of an entry'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export type EntriesQuery = z.output<typeof entriesQuerySchema>;

/** Everything that docs/lottery-verify.mjs and the page need to recompute the draw. */
export const proofSchema = z.object({
  id: z.string(),
  terms: z.string().describe('Canonical JSON, as it was hashed'),
  commitment: z.string(),
  entries: entriesSchema,
  head: z.string(),
  closedAt: z.number(),
  seed: hex,
  beacon: beaconSchema,
  winners: z.array(winnerSchema.pick({ n: true, userId: true, name: true })),
});
export type LotteryProof = z.output<typeof proofSchema>;

export const lotteryParamsSchema = z.object({ id: z.uuid() });
export const roomParamsSchema = z.object({ roomId: z.string().max(64) });
export const tokenQuerySchema = z.object({ token: z.string().max(500).optional().meta(SECRET) });

export const LOTTERY_PROGRESS = 'lottery.progress';

/** On `room:ID`. */
export const lotteryEventSchemas = {
  'lottery.started': lotterySchema,
  'lottery.closed': lotterySchema.describe('The head is final, and what decides is not known yet'),
  'lottery.ended': lotterySchema.describe('Drawn or cancelled'),
};
export type LotteryEvent = keyof typeof lotteryEventSchemas;

/** Ephemeral, on `live:ID`, at most once a second and node. */
export const lotteryProgressSchemas = {
  [LOTTERY_PROGRESS]: lotterySchema.pick({ id: true, entries: true, head: true }),
};
