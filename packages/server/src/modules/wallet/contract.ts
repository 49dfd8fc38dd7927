import type { Transaction } from '../../database/database.ts';

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

export interface NewTransfer {
  kind: TransferKind;
  /** The same key is the same transfer, for ever. */
  key: string;
  /** Whole coins; they sum to zero. */
  entries: readonly { account: LedgerAccount; amount: number }[];
  /** `user:ID`, `operator` or `system`. */
  actor: string;
  /** Never a secret. */
  details: Readonly<Record<string, unknown>>;
}

export interface PostedTransfer {
  id: string;
  /** It had been posted before: whoever asks answers what was answered then. */
  isRepeated: boolean;
}

/** Double-entry books. */
export interface Ledger {
  /**
   * In the caller's transaction, which the caller retries as a whole (`inMoneyTransaction`).
   * @throws AppError insufficient_balance, idempotency_key_reused
   */
  post(transaction: Transaction, transfer: NewTransfer): Promise<PostedTransfer>;
  /** 0 for an account that never had any. */
  balanceOf(account: LedgerAccount): Promise<number>;
}
