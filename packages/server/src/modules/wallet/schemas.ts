import { z } from 'zod';
import { lineSchema, noteSchema } from '../../http/plain-text.ts';
import { PLAIN_TEXT } from '../auth/contract.ts';
import { MAX_AMOUNT } from './contract.ts';

const MAX_CODES = 1000;

const amountSchema = z.int().min(1).max(MAX_AMOUNT).describe('Whole coins');
const MAX_NOTE = 200;
const timeSchema = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).describe('ms since the epoch');
const idSchema = z.string().min(1).max(64).regex(PLAIN_TEXT);

export const walletSchema = z.object({
  balance: z.number().describe('Coins to spend'),
  revenue: z.number().describe('Coins earned by streaming, and not yet paid out'),
});
export type Wallet = z.output<typeof walletSchema>;

export const kindSchema = z.enum(['credit', 'debit', 'gift', 'refund', 'redeem', 'payment', 'payout']);

/** What a statement may be asked for, without its page. */
export const statementFilterSchema = z.object({
  account: z.enum(['spendable', 'revenue']).default('spendable'),
  from: timeSchema.optional(),
  to: timeSchema.optional().describe('ms since the epoch, itself left out'),
  kind: kindSchema.optional(),
});
export type StatementFilter = z.output<typeof statementFilterSchema>;

export const statementQuerySchema = statementFilterSchema.extend({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(200).default(50),
});
export type StatementQuery = z.output<typeof statementQuerySchema>;

export const statementLineSchema = z.object({
  id: z.string().describe('Of the transfer'),
  kind: kindSchema,
  amount: z.number().describe('Whole coins; below 0 what left the account'),
  balance: z.number().describe('After it'),
  at: z.number().describe('ms since the epoch'),
  details: z.record(z.string(), z.unknown()),
});
export type StatementLine = z.output<typeof statementLineSchema>;
export const statementSchema = z.array(statementLineSchema);
export const csvSchema = z.string().describe('CSV after RFC 4180, the newest line first');

export const userParamsSchema = z.object({ userId: idSchema });
export const adjustSchema = z.object({ amount: amountSchema, note: noteSchema(MAX_NOTE).optional() });
export const payoutSchema = z.object({
  amount: amountSchema,
  reference: lineSchema(MAX_NOTE).describe('By which the payment is found at the bank'),
});
export const movedSchema = z.object({
  id: z.string().describe('Of the transfer'),
  balance: z.number().describe('Of the account after it'),
});
export type Moved = z.output<typeof movedSchema>;

export const newCodesSchema = z.object({
  amount: z.int().min(1).max(1_000_000_000).describe('Whole coins of each'),
  count: z.int().min(1).max(MAX_CODES),
  expiresAt: z.int().min(0).optional().describe('ms since the epoch; left out, never'),
});
export type NewCodes = z.output<typeof newCodesSchema>;
export const codesSchema = z.object({
  batchId: z.string(),
  codes: z.array(z.string()).describe('Shown this once'),
});
export const batchSchema = z.object({
  batchId: z.string(),
  amount: z.number().describe('Whole coins of each'),
  count: z.number(),
  redeemed: z.number(),
  open: z.number().describe('Good, or expired and not taken back'),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
});
export const batchesSchema = z.array(batchSchema);
export type Batch = z.output<typeof batchSchema>;
export const batchParamsSchema = z.object({ batchId: idSchema });
export const revokedSchema = z.object({ revoked: z.number() });
export const booksSchema = z.object({
  transfers: z.number(),
  entries: z.number(),
  accounts: z.number(),
  differences: z
    .array(z.object({ problem: z.string(), subject: z.string(), expected: z.string(), found: z.string() }))
    .describe('Empty when the books are right; the first 1000'),
});
export const redeemSchema = z.object({ code: z.string().min(1).max(64) });
export const redeemedSchema = z.object({ id: z.string(), amount: z.number(), balance: z.number() });
export type Redeemed = z.output<typeof redeemedSchema>;

export const packageSchema = z.object({
  id: z.string(),
  coins: z.number(),
  price: z.number().describe('In the smallest unit of the currency, such as cents'),
  currency: z.string(),
});
export type CoinPackage = z.output<typeof packageSchema>;
export const shopSchema = z.object({ providers: z.array(z.string()), packages: z.array(packageSchema) });

export const newOrderSchema = z.object({
  packageId: z.string().min(1).max(32),
  provider: z.string().min(1).max(32).optional().describe('Left out, the first one'),
});
export type NewOrder = z.output<typeof newOrderSchema>;
export const orderSchema = z.object({
  id: z.string(),
  provider: z.string(),
  packageId: z.string(),
  coins: z.number(),
  price: z.number(),
  currency: z.string(),
  status: z.enum(['created', 'paid', 'refunded']),
  createdAt: z.number(),
});
export type Order = z.output<typeof orderSchema>;
export const ordersSchema = z.array(orderSchema);
export const createdOrderSchema = orderSchema.extend({
  payment: z.object({
    url: z.string().optional().describe('Where it is paid'),
    params: z.record(z.string(), z.string()).describe("For the provider's own program"),
  }),
});
export type CreatedOrder = z.output<typeof createdOrderSchema>;
export const providerParamsSchema = z.object({ provider: z.string().max(32) });
export const receivedSchema = z.object({ received: z.literal(true) });
