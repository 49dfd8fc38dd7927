import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Transaction } from '../../database/database.ts';
import { codeOf } from '../../database/errors.ts';
import type { Outbox, OutboxEvent, Work } from '../../database/outbox.ts';
import { AppError } from '../gateway/contract.ts';
import { userChannelOf } from '../user/contract.ts';

/** `user:ID` is what a person may spend, `revenue:ID` what a streamer earned, the others are the platform's. */
export type LedgerAccount =
  | `user:${string}`
  | `revenue:${string}`
  | 'house'
  | 'mint'
  | 'promo'
  | 'payouts'
  | `payments:${string}`;

export type TransferKind = 'credit' | 'debit' | 'gift' | 'refund' | 'redeem' | 'payment' | 'payout';

/** Most coins that one operation moves. */
export const MAX_AMOUNT = 1e12;

export interface NewTransfer {
  kind: TransferKind;
  /** The same key is the same transfer, for ever: `moneyKey` makes one of a request. */
  key: string;
  /**
   * Whole coins up to MAX_AMOUNT; they sum to zero. Entries of one account are added up, those of nothing are left
   * out.
   */
  entries: readonly { account: LedgerAccount; amount: number }[];
  /** `user:ID`, `operator` or `system`. */
  actor: string;
  /** Shown to those whose coins moved. Never a secret. */
  details: Readonly<Record<string, unknown>>;
  /**
   * What was asked for by the key, as JSON data; the key with another request is refused. Left out, kind and entries:
   * right only where these follow from the request alone, and not from a price that changes.
   */
  request?: unknown;
}

export interface PostedTransfer {
  id: string;
  /** It had been posted before: whoever asks answers what was answered then. */
  isRepeated: boolean;
  /** What each account of it had after it: the same for ever, too. */
  balances: ReadonlyMap<LedgerAccount, number>;
}

/** Double-entry books. */
export interface Ledger {
  /**
   * In the caller's transaction, which the caller retries as a whole (`inMoneyTransaction`). A transfer that is refused
   * leaves its key free once the transaction is rolled back.
   * @throws AppError insufficient_balance, balance_limit, idempotency_key_reused
   */
  post(transaction: Transaction, transfer: NewTransfer): Promise<PostedTransfer>;
  /**
   * What a key was posted as, if it was.
   * @throws AppError idempotency_key_reused when that was another request
   */
  findPosted(transaction: Transaction, key: string, request: unknown): Promise<PostedTransfer | undefined>;
  /** What an account has, which nobody else changes until the transaction ends. */
  lockBalance(transaction: Transaction, account: LedgerAccount): Promise<number>;
  /** 0 for an account that never had any. */
  balanceOf(account: LedgerAccount): Promise<number>;
}

/** On the account's own channel: what it has of one kind now. */
export const WALLET_CHANGED = 'wallet.changed';

/** Payloads of the events on the `user` channel. */
export const walletEventSchemas = {
  [WALLET_CHANGED]: z.object({
    account: z.enum(['spendable', 'revenue']),
    balance: z.number().describe('Whole coins'),
  }),
};

/** Tells everybody whose coins moved what they have now; nothing when the transfer had been posted before. */
export function walletEvents({ isRepeated, balances }: PostedTransfer): OutboxEvent[] {
  if (isRepeated) return [];
  return [...balances].flatMap(([account, balance]) => {
    const [, kind, userId] = /^(user|revenue):(.+)$/.exec(account) ?? [];
    if (userId === undefined) return [];
    const data = { account: kind === 'user' ? 'spendable' : 'revenue', balance };
    return [{ channel: userChannelOf(userId), event: WALLET_CHANGED, data }];
  });
}

const KEY = /^[\w-]{8,100}$/;

/** For the documentation of routes that take money's header; a missing one is refused by `moneyKey`, with its own code. */
export const moneyHeadersSchema = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .describe('Required, 8 to 100 letters, digits, - and _. The same request with the same key is carried out once'),
});

/**
 * The transfer's key of a request: nobody's keys meet another's, nor those of another operation.
 * @throws AppError idempotency_key_required
 */
export function moneyKey(operation: string, actor: string, given: unknown): string {
  if (typeof given !== 'string' || !KEY.test(given)) throw new AppError('idempotency_key_required');
  return `${operation}:${actor}:${given}`;
}

const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 5;
/** PostgreSQL's `serialization_failure` and `deadlock_detected`: nothing of the transaction remains. */
const RETRIED = new Set(['40001', '40P01']);

/** `outbox.transact`, tried again, a bounded number of times, when PostgreSQL gave way to another transaction. */
export async function inMoneyTransaction<Result>(
  outbox: Pick<Outbox, 'transact'>,
  work: (unit: Work) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await outbox.transact(work);
    } catch (error) {
      if (attempt === ATTEMPTS || !RETRIED.has(codeOf(error))) throw error;
      // Those that met do not meet again in step.
      await delay(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
    }
  }
}
